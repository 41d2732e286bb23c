"""How much of a small lesion's contrast a denoiser keeps, measured on the very scan that it denoised.

A grid of small discs is added to the low-dose slice, as blurred as a soft kernel makes them, and the slice is
denoised once more. The difference of the two results, projected on each disc, is the share that is kept
there: noise and anatomy cancel. Discs 32 pixels apart do not disturb each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from recon.arrays import FloatArray, IntegerArray

_APART_PX = 32
_MARGIN_PX = 20
_BLUR_PX = 0.65
_SOFT_HU = (0.0, 150.0)

#: Of the full-dose slice, what a place must look like three pixels around.
_PURE = 0.95


@dataclass(frozen=True)
class Disc:
    """A lesion: diameter in mm and contrast in HU."""

    diameter_mm: float
    contrast_hu: float

    def __str__(self) -> str:
        return f"{self.diameter_mm:g} mm, {self.contrast_hu:g} HU"


#: What is measured: faint and small, faint and larger, a vessel's contrast.
DISCS = (Disc(2, 20), Disc(4, 20), Disc(6, 10), Disc(3, 100), Disc(2, 100))


def places(full: FloatArray) -> IntegerArray:
    """Rows and columns (n, 2) of a grid that lie well inside soft tissue of the full-dose slice (y, x) in HU."""
    smooth = gaussian_filter(full, 1.5)
    soft = gaussian_filter(((smooth > _SOFT_HU[0]) & (smooth < _SOFT_HU[1])).astype(np.float32), 3.0) > _PURE
    rows, columns = (np.arange(_MARGIN_PX, side - _MARGIN_PX, _APART_PX) for side in full.shape)
    grid = np.stack(np.meshgrid(rows, columns, indexing="ij"), -1).reshape(-1, 2)
    return grid[soft[tuple(grid.T)]]


def grid_of(disc: Disc, where: IntegerArray, shape: tuple[int, int], spacing_mm: float) -> FloatArray:
    """The discs (y, x) in HU to add to a slice of this shape and pixel size."""
    radius, contrast = disc.diameter_mm / (2 * spacing_mm), disc.contrast_hu
    total = np.zeros(shape, np.float32)
    row, column = np.ogrid[: shape[0], : shape[1]]
    for y, x in where:
        total[(row - y) ** 2 + (column - x) ** 2 <= radius**2] = contrast
    return gaussian_filter(total, _BLUR_PX)


def shares(response: FloatArray, grid: FloatArray, where: IntegerArray, disc: Disc, spacing_mm: float) -> FloatArray:
    """Share of the contrast that is kept at each place, (n,).

    Parameters
    ----------
    response
        (y, x) HU, result with discs less result without.
    grid, where, disc, spacing_mm
        As :func:`grid_of` made it.
    """
    reach = int(disc.diameter_mm / (2 * spacing_mm) + 3)
    kept = []
    for y, x in where:
        box = np.s_[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1]
        kept.append(float((response[box] * grid[box]).sum() / (grid[box] ** 2).sum()))
    return np.array(kept)


@dataclass(frozen=True)
class MeasuredDisc:
    """One slice with one kind of disc: shares kept, and whether the interval holds at each pixel inside."""

    disc: Disc
    shares: FloatArray
    covered: npt.NDArray[np.bool_]


def measure(
    disc: Disc,
    where: IntegerArray,
    grid: FloatArray,
    *,
    without: FloatArray,
    within: FloatArray,
    full: FloatArray,
    uncertainty: FloatArray,
    spacing_mm: float,
) -> MeasuredDisc:
    """Compare a slice denoised with discs and without.

    Parameters
    ----------
    disc, where, grid, spacing_mm
        What was added.
    without, within
        (y, x) HU, denoised without and with the discs.
    full
        (y, x) HU, full dose without discs.
    uncertainty
        (y, x) HU, half-width of the interval of ``within``.
    """
    inside = grid > 0.5 * float(grid.max(initial=1e-6))
    covered = (np.abs(within - full - grid) <= uncertainty)[inside]
    return MeasuredDisc(disc, shares(within - without, grid, where, disc, spacing_mm), covered)


def summary(found: list[MeasuredDisc]) -> dict[str, Any]:
    """Median and 10th percentile of the share kept, and coverage inside, of each disc over all slices."""
    report = {}
    for disc in dict.fromkeys(one.disc for one in found):
        kept = np.concatenate([one.shares for one in found if one.disc == disc])
        covered = np.concatenate([one.covered for one in found if one.disc == disc])
        if kept.size:
            report[str(disc)] = {
                "kept_median": round(float(np.median(kept)), 3),
                "kept_p10": round(float(np.percentile(kept, 10)), 3),
                "interval_coverage": round(float(covered.mean()), 3),
                "places": int(kept.size),
            }
    return report
