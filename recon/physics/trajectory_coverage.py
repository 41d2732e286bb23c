"""How much of k-space a trajectory measures, by where its samples lie: one that comes again adds nothing.

A cell of k-space is one cycle per field of view wide: samples that far apart show the field of view without folds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recon.arrays import FloatArray

#: Rings that are looked at together, so that a single one with a gap is no gap in all directions.
_BAND = 3
#: Of a cell: as far beyond its ring a sample still counts for it, so that rounding leaves no ring empty.
_SLACK = 0.02


@dataclass(frozen=True)
class Coverage:
    """Of the disc of k-space that a trajectory reaches.

    Attributes
    ----------
    share
        Of the disc's area that was measured.
    acceleration
        Distance of neighbouring samples where they lie farthest apart, in cells; 1 where they are dense everywhere.
    """

    share: float
    acceleration: float


def coverage_of(points: FloatArray, matrix: int) -> Coverage:
    """Of samples in the plane.

    The disc is cut into rings of one cell. Around a ring, each sample stands for the cell about it; what no cell
    holds was not measured. Spokes leave gaps between them, spirals between their turns. The disc ends where the
    trajectory does, as does the grid of Cartesian k-space: its resolution is what it is. The outermost cell, which not
    every readout reaches, is left out.

    Parameters
    ----------
    points
        (samples, 2) that were measured, in cycles per pixel.
    matrix
        Pixels of the field of view, along its longer side.
    """
    radius = np.hypot(points[:, 0], points[:, 1]).astype(np.float64) * matrix
    turn = np.arctan2(points[:, 1], points[:, 0]).astype(np.float64) / (2 * np.pi) % 1.0
    rings = max(1, int(min(float(radius.max(initial=0.0)), matrix / 2) + _SLACK) - 1)
    # a sample's ring and, behind the point, its place around it
    places = np.concatenate([np.floor(radius + side) + turn * (1 - 1e-9) for side in (-_SLACK, _SLACK)])
    places = np.unique(places[(places >= 0) & (places < rings)])
    ring = places.astype(np.intp)
    first = np.searchsorted(ring, np.arange(rings))
    around = 2 * np.pi * (np.arange(rings) + 0.5)
    gaps = np.diff(places, append=0.0)
    last = np.append(first[1:], len(places)) - 1
    some = last >= first
    gaps[last[some]] = places[first[some]] + 1 - places[last[some]]  # from the last back to the first
    covered = np.bincount(ring, np.minimum(gaps * around[ring], 1.0), minlength=rings)
    bands = [slice(start, start + _BAND) for start in range(max(1, rings - _BAND + 1))]
    least = min(float(covered[band].sum() / around[band].sum()) for band in bands)
    return Coverage(float(covered.sum() / around.sum()), 1 / max(least, 1 / around.sum()))
