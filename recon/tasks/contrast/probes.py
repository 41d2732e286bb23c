"""Known lesions for contrast: balls that enhance, in the difference that the reduced dose makes."""

from __future__ import annotations

from collections.abc import Sequence

from recon.probes.grid import ProbeGrid, cells, grid
from recon.quality.survival import Least, Lesion
from recon.volumes import FloatImage, Geometry

#: From what is looked for after contrast (metastases of 5 mm), the one that must survive first.
LESIONS = (Lesion(5, 50, "%"), Lesion(10, 20, "%"), Lesion(5, 20, "%"), Lesion(3, 50, "%"), Lesion(10, 50, "%"))
#: The share below which `recon evaluate preserve` calls a lesion of this size lost.
LEAST = Least(LESIONS[0], 0.6)
#: 99th percentile of the scan before contrast is 1.
_TISSUE = (0.3, 1.2)


def blur_of(spacing_mm: Sequence[float]) -> float:
    """Standard deviation of a scan's point spread, mm, from the distance of its columns and rows."""
    return 0.4 * max(spacing_mm[:2])


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
