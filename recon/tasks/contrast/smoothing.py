"""Gaussian smoothing of some slices of a volume, without smoothing the slices around them in the plane.

Smoothing is separable: along the slices first, as one small matrix product that makes the wanted slices alone
out of all, then in the plane. Several smoothings one behind the other are one with the convolved kernel.
"""

from __future__ import annotations

from functools import lru_cache, reduce

import numpy as np
import numpy.typing as npt

from recon.volumes import FloatImage

#: Standard deviations at which a Gaussian is cut off.
TRUNCATE = 3.0
#: Of a convolved kernel, at either end: what is so little is left out.
_TAIL = 5e-4


def smooth_slices(
    volume: FloatImage, sigmas: tuple[float, ...], aspect: float, wanted: slice, every: int = 1
) -> FloatImage:
    """Some slices of a volume after smoothings in three dimensions, one behind the other.

    Parameters
    ----------
    volume
        (slice, y, x); beyond its ends the last values are repeated.
    sigmas
        Standard deviation of each smoothing, in pixels of the plane and as far along the slices.
    aspect
        Distance of slices over distance of pixels.
    wanted
        Slices.
    every
        Of the rows and columns that come back.

    Returns
    -------
    array
        (wanted slice, y / every, x / every) float32.
    """
    from scipy.ndimage import correlate1d

    along = _along(len(volume), tuple(sigma / aspect for sigma in sigmas))[wanted]
    found = (along @ volume.reshape(len(volume), -1)).reshape(-1, *volume.shape[1:])
    weights = _convolved(sigmas)
    found = np.ascontiguousarray(correlate1d(found, weights, axis=1, mode="nearest")[:, ::every])
    return np.asarray(correlate1d(found, weights, axis=2, mode="nearest")[:, :, ::every])


def _gaussian(sigma: float) -> npt.NDArray[np.float64]:
    """As SciPy has it."""
    radius = int(TRUNCATE * sigma + 0.5)
    places = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 * (places / sigma) ** 2)
    return weights / weights.sum()


@lru_cache(maxsize=32)
def _convolved(sigmas: tuple[float, ...]) -> npt.NDArray[np.float64]:
    """The kernel of all smoothings together, without its tails."""
    weights = reduce(np.convolve, map(_gaussian, sigmas))
    cut = int(np.searchsorted(np.cumsum(weights), _TAIL)) if len(sigmas) > 1 else 0
    weights = weights[cut : len(weights) - cut]
    return weights / weights.sum()


@lru_cache(maxsize=64)
def _along(length: int, sigmas: tuple[float, ...]) -> FloatImage:
    """(length, length) float32: what smoothing along the slices takes from each for each."""
    whole = np.eye(length)
    for sigma in sigmas:
        weights = _gaussian(sigma)
        radius = len(weights) // 2
        step, rows = np.zeros((length, length)), np.arange(length)
        for offset, weight in zip(range(-radius, radius + 1), weights, strict=True):
            np.add.at(step, (rows, np.clip(rows + offset, 0, length - 1)), weight)
        whole = step @ whole
    return whole.astype(np.float32)
