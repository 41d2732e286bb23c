"""Two scans that lie on each other: how alike, how much of the body the later one shows, and its gain."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_fill_holes

from recon.arrays import DoubleArray
from recon.volumes import FloatImage, Unit

#: Edge of the blocks that are held against each other: noise averages out in them, organs stay apart.
BLOCK_MM = 4.0
#: What is body: above this, HU; of arbitrary units above this share of nearly the brightest.
_BODY_HU, _BODY_SHARE = -500.0, 0.1
#: Less than this share of an image is no body, and all of it is looked at.
_LEAST_BODY = 0.01
#: Structure over noise of a block, both standard deviations, below which likeness would be that of the noise.
_STRUCTURE = 2.0
#: Neighbours share their noise: so many voxels of a block count as one.
_SHARED = 4
#: Of nearly the brightest, above which the gain is measured.
_BRIGHT = 0.3
#: Half-width of a 90 % interval over the standard deviation of what it holds.
_NORMAL_90 = 1.645
#: Fewer blocks say nothing.
_FEWEST = 20


@dataclass(frozen=True)
class Likeness:
    """What of the earlier scan is in the later one.

    Attributes
    ----------
    covered
        Share of the body in the earlier scan that the later one shows.
    alike
        Correlation inside of the body where both show it; None where there is too little structure to tell.
    gain
        The later scan over the earlier one where that is bright, median; 1 of HU, None where nothing is bright.
    """

    covered: float
    alike: float | None
    gain: float | None


def likeness(
    before: FloatImage, after: FloatImage, width: FloatImage, spacing: tuple[float, float, float], unit: Unit
) -> Likeness:
    """Hold two images (slice, y, x) on one grid against each other.

    Parameters
    ----------
    before, after
        In one unit, up to a gain where it is arbitrary; NaN where nothing is known.
    width
        Half-width of the 90 % interval of ``before``.
    spacing
        Of slices, rows and columns, mm.
    unit
        Of both.
    """
    one, other = blocks(before, spacing), blocks(after, spacing)
    inside = body(one, unit)
    both = inside & np.isfinite(other)
    covered = float(both.sum()) / max(int(inside.sum()), 1)
    here, there = one[both].astype(np.float64), other[both].astype(np.float64)
    gain = 1.0 if unit is Unit.HU else _gain(here, there)
    if len(here) < _FEWEST:
        return Likeness(covered, None, gain)
    averaged = math.prod(_steps(before.shape, spacing)) / _SHARED
    noise = float(np.nanmedian(width)) / _NORMAL_90 / math.sqrt(max(averaged, 1.0))
    if here.std() <= _STRUCTURE * noise:
        return Likeness(covered, None, gain)
    return Likeness(covered, float(np.corrcoef(here, there)[0, 1]) if there.std() else 0.0, gain)


def _gain(here: DoubleArray, there: DoubleArray) -> float | None:
    bright = here > _BRIGHT * np.percentile(here, 99) if len(here) else np.zeros(0, bool)
    if bright.sum() < _FEWEST or not here[bright].min() > 0:
        return None
    gain = float(np.median(there[bright] / here[bright]))
    return gain if gain > 0 else None


def body(image: FloatImage, unit: Unit) -> npt.NDArray[np.bool_]:
    """Where a patient is in (slice, y, x), with what lies inside of them; everything where none is found."""
    known = np.isfinite(image)
    if unit is Unit.HU:
        above = _BODY_HU
    else:
        above = _BODY_SHARE * float(np.percentile(image[known], 99)) if known.any() else 0.0
    found = np.stack([binary_fill_holes(plane) for plane in known & (np.nan_to_num(image) > above)]) & known
    return found if found.mean() >= _LEAST_BODY else known


def blocks(image: FloatImage, spacing: tuple[float, float, float]) -> FloatImage:
    """Means over blocks of about 4 mm; NaN where a block is not wholly known."""
    steps = _steps(image.shape, spacing)
    z, y, x = (side // step for side, step in zip(image.shape, steps, strict=True))
    parts = image[: z * steps[0], : y * steps[1], : x * steps[2]]
    return np.asarray(parts.reshape(z, steps[0], y, steps[1], x, steps[2]).mean(axis=(1, 3, 5)), np.float32)


def _steps(shape: tuple[int, ...], spacing: tuple[float, float, float]) -> list[int]:
    return [min(side, max(1, round(BLOCK_MM / mm))) for side, mm in zip(shape, spacing, strict=True)]
