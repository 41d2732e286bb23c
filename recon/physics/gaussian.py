"""Gaussian smoothing along the axes of an array, as products with small matrices.

A Gaussian reaches a few samples far, so its matrix is a band. Cut into tiles, a band is a handful of small dense
products, which a processor does several times as fast as it convolves line by line.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from recon.volumes import FloatImage

#: Rows of a tile: fewer make the products too small, more multiply by too many zeros.
_TILE = 48
#: What lies beyond the ends: the values before it once more, backwards, or the last one again and again.
Edge: TypeAlias = Literal["reflect", "nearest"]
#: For each tile: which places it makes, out of which, and the weights (made, taken).
Bands: TypeAlias = tuple[tuple[slice, slice, FloatImage], ...]


def kernel(sigma: float, truncate: float = 4.0) -> npt.NDArray[np.float64]:
    """Weights (odd,) of a Gaussian, cut off at so many standard deviations, as SciPy has them."""
    radius = int(truncate * sigma + 0.5)
    places = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 * (places / sigma) ** 2)
    return weights / weights.sum()


def matrix(length: int, weights: npt.NDArray[np.float64], edge: Edge = "reflect") -> npt.NDArray[np.float64]:
    """(length, length): what a convolution with odd, symmetric weights takes from each sample for each."""
    found, rows, radius = np.zeros((length, length)), np.arange(length), len(weights) // 2
    for offset, weight in zip(range(-radius, radius + 1), weights, strict=True):
        columns = rows + offset
        if edge == "nearest":
            columns = np.clip(columns, 0, length - 1)
        else:
            columns %= 2 * length
            columns = np.minimum(columns, 2 * length - 1 - columns)
        np.add.at(found, (rows, columns), weight)
    return found


def bands(whole: npt.NDArray[np.float64]) -> Bands:
    """A matrix, most of which is 0, as tiles."""
    found = []
    for start in range(0, len(whole), _TILE):
        part = whole[start : start + _TILE]
        used = np.flatnonzero(part.any(axis=0))
        near = slice(int(used[0]), int(used[-1]) + 1)
        found.append((slice(start, start + len(part)), near, np.ascontiguousarray(part[:, near], np.float32)))
    return tuple(found)


def along(values: FloatImage, tiles: Bands, axis: int) -> FloatImage:
    """The product of a matrix and an array along one of its axes, float32."""
    before, length, after = values.shape[:axis], values.shape[axis], values.shape[axis + 1 :]
    made = tiles[-1][0].stop
    out = np.empty((math.prod(before), made, math.prod(after)), np.float32)
    flat = values.reshape(len(out), length, -1)
    for rows, near, part in tiles:
        if after:
            np.matmul(part, flat[:, near], out=out[:, rows])
        else:
            np.matmul(flat[:, near, 0], part.T, out=out[:, rows, 0])
    return out.reshape(*before, made, *after)


def gaussian(values: FloatImage, sigmas: float | Sequence[float], truncate: float = 4.0) -> FloatImage:
    """An array smoothed along each axis, float32, as ``scipy.ndimage.gaussian_filter`` does to single precision.

    Parameters
    ----------
    values
        Of any shape, float32.
    sigmas
        Standard deviation along each axis, or along all, samples; nothing is done along those of 0.
    truncate
        Standard deviations at which a Gaussian is cut off.
    """
    each = [sigmas] * values.ndim if isinstance(sigmas, float | int) else sigmas
    for axis, sigma in enumerate(each):
        if int(truncate * sigma + 0.5):
            values = along(values, _bands(values.shape[axis], float(sigma), truncate), axis)
    return values


def gaussian_at(values: FloatImage, sigmas: Sequence[float], strides: Sequence[int]) -> FloatImage:
    """As :func:`gaussian`, at every so many samples along each axis alone."""
    for axis, (sigma, stride) in enumerate(zip(sigmas, strides, strict=True)):
        values = along(values, _bands(values.shape[axis], float(sigma), 4.0, stride), axis)
    return values


@lru_cache(maxsize=64)
def _bands(length: int, sigma: float, truncate: float, stride: int = 1) -> Bands:
    return bands(matrix(length, kernel(sigma, truncate))[::stride])
