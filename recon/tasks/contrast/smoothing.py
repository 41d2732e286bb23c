"""Gaussian smoothing of some slices of a volume, without smoothing the slices around them in the plane.

Smoothing is separable: along the slices first, as one small matrix product that makes the wanted slices alone
out of all, then in the plane. Several smoothings one behind the other are one with the convolved kernel.
"""

from __future__ import annotations

from functools import lru_cache, reduce

import numpy as np
import numpy.typing as npt

from recon.physics.gaussian import Bands, along, bands, kernel, matrix
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
    _, rows, columns = volume.shape
    across = bands(_across_slices(len(volume), tuple(sigma / aspect for sigma in sigmas))[wanted])
    found = along(volume, across, 0)
    found = along(found, _in_plane(rows, sigmas, every), 1)
    return along(found, _in_plane(columns, sigmas, every), 2)


@lru_cache(maxsize=64)
def _in_plane(length: int, sigmas: tuple[float, ...], every: int) -> Bands:
    """All smoothings together, without the tails of their kernel."""
    weights = reduce(np.convolve, (kernel(sigma, TRUNCATE) for sigma in sigmas))
    cut = int(np.searchsorted(np.cumsum(weights), _TAIL)) if len(sigmas) > 1 else 0
    weights = weights[cut : len(weights) - cut]
    return bands(matrix(length, weights / weights.sum(), "nearest")[::every])


@lru_cache(maxsize=64)
def _across_slices(length: int, sigmas: tuple[float, ...]) -> npt.NDArray[np.float64]:
    """(length, length): what smoothing along the slices takes from each for each."""
    steps = [matrix(length, kernel(sigma, TRUNCATE), "nearest") for sigma in sigmas]
    return reduce(lambda whole, step: step @ whole, steps)
