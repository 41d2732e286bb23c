"""How coarse the noise is, and whether texture reads as it does at full dose."""

from __future__ import annotations

import numpy as np
from skimage.feature import graycomatrix, graycoprops

from recon.arrays import FloatArray

#: Grey levels of 10 HU from -250 HU on, as the image biomarker standardisation initiative fixes bins for CT.
_LOWEST_HU, _BIN_HU, _LEVELS = -250.0, 10.0, 80
_FEATURES = ("contrast", "homogeneity", "correlation", "ASM", "dissimilarity")


def average_frequency(patches: FloatArray, spacing_mm: float) -> float:
    """Mean frequency of the noise power spectrum, lp/cm.

    Parameters
    ----------
    patches
        (n, side, side) of noise; a plane is taken off each.
    spacing_mm
        Of the pixels.
    """
    side = patches.shape[1]
    window = np.hanning(side)[:, None] * np.hanning(side)
    y, x = np.mgrid[:side, :side] / side - 0.5
    plane = np.stack([np.ones_like(x), x, y], -1).reshape(-1, 3)
    power = np.zeros((side, side))
    for patch in patches:
        fitted, *_ = np.linalg.lstsq(plane, patch.ravel(), rcond=None)
        power += np.abs(np.fft.fft2((patch - (plane @ fitted).reshape(side, side)) * window)) ** 2
    frequency = np.fft.fftfreq(side, spacing_mm / 10)
    radial = np.hypot(frequency[:, None], frequency)
    return float((radial * power).sum() / power.sum())


def features(patch: FloatArray) -> dict[str, float]:
    """Features of the grey-level co-occurrence of a patch (y, x) in HU, over four directions."""
    levels = np.clip(np.floor((patch - _LOWEST_HU) / _BIN_HU), 0, _LEVELS - 1).astype(np.uint8)
    angles = [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4]
    matrix = graycomatrix(levels, [1], angles, _LEVELS, symmetric=True, normed=True)
    found = {name: float(graycoprops(matrix, name).mean()) for name in _FEATURES}
    share = matrix.mean((2, 3))
    found["entropy"] = float(-(share[share > 0] * np.log2(share[share > 0])).sum())
    return found


def concordance(one: FloatArray, other: FloatArray) -> float:
    """Lin's concordance (Biometrics 45:255, 1989): 1 where both agree in value, not only in order."""
    spread = np.cov(one, other)
    return float(2 * spread[0, 1] / (spread[0, 0] + spread[1, 1] + (one.mean() - other.mean()) ** 2))


def agreement(image: FloatArray, full: FloatArray) -> dict[str, float]:
    """Concordance of each feature over patches (n, y, x) with those at full dose."""
    ours, theirs = ([features(patch) for patch in patches] for patches in (image, full))
    return {
        name: concordance(np.array([f[name] for f in ours]), np.array([f[name] for f in theirs])) for name in ours[0]
    }
