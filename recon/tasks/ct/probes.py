"""Known lesions for CT: discs in soft tissue, added to the slice in HU."""

from __future__ import annotations

import math

import numpy as np

from recon.physics.reconstruction_kernel import SOFT
from recon.probes.grid import ProbeGrid, cells, grid
from recon.quality.survival import Least, Lesion
from recon.volumes import FloatImage, Geometry

#: From what a liver metastasis looks like (6 mm, 20 HU) to a vessel, the one that must survive first.
LESIONS = (
    Lesion(6, 20, "HU"),
    Lesion(4, 20, "HU"),
    Lesion(3, 20, "HU"),
    Lesion(6, 10, "HU"),
    Lesion(3, 100, "HU"),
    Lesion(2, 100, "HU"),
)
LEAST = Least(LESIONS[0], 0.7)
#: Point spread of a soft kernel: the Gaussian whose transfer function is the kernel's.
BLUR_MM = 1 / (math.sqrt(2) * math.pi * SOFT.cutoff)
_SOFT_HU = (0.0, 150.0)


def lesions_in(
    image: FloatImage, geometry: Geometry, first: Lesion = LESIONS[0], *, alone: bool = False
) -> ProbeGrid | None:
    """Lesions in soft tissue of a denoised slice (y, x) in HU; None where there is no place for one.

    Where there are few places, they go to the ``first``; all of them where it is ``alone``.
    """
    means = cells(image)
    column_mm, row_mm, _ = geometry.spacing
    shape = (image.shape[0], image.shape[1])
    wanted = (first, *(lesion for lesion in LESIONS if lesion != first and not alone))
    return grid((means > _SOFT_HU[0]) & (means < _SOFT_HU[1]), wanted, shape, (row_mm, column_mm), BLUR_MM)


def in_hu(lesions: ProbeGrid) -> FloatImage:
    """The lesions (y, x) in HU."""
    return lesions.scaled(np.ones(len(lesions.places)))
