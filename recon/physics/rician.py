"""Noise of magnitude images: the length of a complex value with Gaussian noise in both parts.

Gudbjartsson & Patz, *The Rician distribution of noisy MRI data*, MRM 34:910 (1995).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from recon.arrays import FloatArray


def add_rician_noise(signal: FloatArray, sigma: float, rng: np.random.Generator) -> FloatArray:
    """A magnitude image as measured, float32.

    Parameters
    ----------
    signal
        True magnitude, any shape and unit.
    sigma
        Standard deviation of the noise of the real and of the imaginary part, in the same unit.
    rng
        Source of randomness.
    """
    real = signal + np.float32(sigma) * rng.standard_normal(signal.shape, dtype=np.float32)
    imaginary = np.float32(sigma) * rng.standard_normal(signal.shape, dtype=np.float32)
    return np.hypot(real, imaginary).astype(np.float32)


def difference_noise(difference: FloatArray, inside: npt.NDArray[np.bool_]) -> float:
    """Standard deviation of the noise of a difference of two scans; NaN with fewer than 100 voxels.

    Second differences along rows and columns leave noise and little else (Immerkaer, Computer Vision
    and Image Understanding 64:300, 1996); their median absolute value ignores what enhances.

    Parameters
    ----------
    difference
        (slice, y, x), white noise in the plane.
    inside
        (slice, y, x) bool, where to look.
    """
    d = difference
    across = d[:, :, :-2] - 2 * d[:, :, 1:-1] + d[:, :, 2:]
    both = across[:, :-2] - 2 * across[:, 1:-1] + across[:, 2:]
    found = np.abs(both[inside[:, 1:-1, 1:-1]])
    if found.size < 100:
        return float("nan")
    return float(np.median(found) / 0.6744898 / 6.0)
