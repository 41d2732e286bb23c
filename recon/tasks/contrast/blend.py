"""The difference of the scans, smoothed a little and scaled to the full dose: what less strength puts in its place."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from recon.probes.grid import REACH_PX
from recon.probes.lesion import disc
from recon.quality.survival import Lesion
from recon.tasks.contrast.probes import blur_of
from recon.tasks.contrast.smoothing import TRUNCATE, smooth_slices
from recon.volumes import FloatImage

#: Standard deviation: a lesion of 5 mm keeps 0.88 of its contrast, the noise of voxels of 1 mm falls to a third.
SMOOTHING_MM = 0.6


@dataclass(frozen=True)
class Blend:
    """A part of the network's result, and the difference of the scans for the rest.

    Attributes
    ----------
    strength
        Share of the network's result.
    difference
        (y, x) of the two scans over the dose fraction, smoothed.
    """

    strength: float
    difference: FloatImage

    def of(self, enhancement: FloatImage) -> FloatImage:
        """The network's enhancement (y, x) with the difference blended in; both of the same scale."""
        share = np.float32(self.strength)
        return share * enhancement + (1 - share) * self.difference


def smoothed(difference: FloatImage, spacing_mm: tuple[float, float, float], wanted: slice) -> FloatImage:
    """Some slices of the difference over the dose fraction (slice, y, x), smoothed in three dimensions."""
    column_mm, _, slice_mm = spacing_mm
    return smooth_slices(difference, (SMOOTHING_MM / column_mm,), slice_mm / column_mm, wanted)


@lru_cache(maxsize=64)
def kept_by_smoothing(lesion: Lesion, spacing_mm: tuple[float, float, float]) -> float:
    """Share of its contrast that a lesion keeps in the smoothed difference, in the slice through its middle.

    Parameters
    ----------
    lesion
        A ball.
    spacing_mm
        Distance of columns, rows and slices.
    """
    column_mm, row_mm, slice_mm = spacing_mm
    around = math.ceil((TRUNCATE * SMOOTHING_MM + lesion.size_mm / 2) / slice_mm)
    shown = []
    for place in range(-around, around + 1):
        square = lesion.size_mm**2 - 4 * (place * slice_mm) ** 2
        size = math.sqrt(square) if square > 0 else 0.0
        shown.append(disc(size, (row_mm, column_mm), blur_of(spacing_mm), REACH_PX))
    ball = np.stack(shown)
    left = smoothed(ball, spacing_mm, slice(around, around + 1))[0]
    return float((left * ball[around]).sum() / np.square(ball[around]).sum())
