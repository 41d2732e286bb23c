"""Known lesions for contrast: balls that enhance, in the difference that the reduced dose makes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from recon.probes.grid import ProbeGrid, cells, grid, room_mm
from recon.quality.survival import Least, Lesion
from recon.volumes import FloatImage, Geometry

#: From what is looked for after contrast (metastases of 5 mm), the one that must survive first.
LESIONS = (Lesion(5, 50, "%"), Lesion(10, 20, "%"), Lesion(5, 20, "%"), Lesion(3, 50, "%"), Lesion(10, 50, "%"))
#: What a lesion that must survive keeps, where nothing else is asked.
KEPT = 0.7
#: 99th percentile of the scan before contrast is 1.
_TISSUE = (0.3, 1.2)


def blur_of(spacing_mm: Sequence[float]) -> float:
    """Standard deviation of a scan's point spread, mm, from the distance of its columns and rows."""
    return 0.4 * max(spacing_mm[:2])


def least_in(spacing_mm: Sequence[float]) -> Least:
    """What is asked where nothing is said: a small metastasis, in thick slices one of two slices' height.

    Smaller ones do not count as measurable in such slices (RANO: Wen et al., J Clin Oncol 28, 2010, 1963).

    Parameters
    ----------
    spacing_mm
        Distance of columns, rows and slices.
    """
    column_mm, row_mm, slice_mm = spacing_mm
    room = math.floor(room_mm((row_mm, column_mm), blur_of(spacing_mm)))
    size_mm = max(LESIONS[0].size_mm, min(room, math.ceil(2 * slice_mm)))
    return Least(replace(LESIONS[0], size_mm=float(size_mm)), KEPT)


def lesions_in(
    mean: FloatImage, geometry: Geometry, first: Lesion = LESIONS[0], *, alone: bool = False
) -> ProbeGrid | None:
    """Lesions in tissue of the mean of both scans (y, x), 99th percentile 1; None where there is no place for one.

    Where there are few places, they go to the ``first``; all of them where it is ``alone``.
    """
    means = cells(mean)
    column_mm, row_mm, _ = geometry.spacing
    shape = (mean.shape[0], mean.shape[1])
    suitable = (means > _TISSUE[0]) & (means < _TISSUE[1])
    wanted = (first, *(lesion for lesion in LESIONS if lesion != first and not alone))
    return grid(suitable, wanted, shape, (row_mm, column_mm), blur_of(geometry.spacing))


def enhancement(lesions: ProbeGrid, mean: FloatImage, depth_mm: float = 0.0) -> FloatImage:
    """What a full dose adds (y, x) at a distance from the slice through the middles, in the unit of the mean."""
    return lesions.scaled(lesions.at(cells(mean)) / 100, depth_mm)
