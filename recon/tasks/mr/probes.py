"""Known lesions for MR: discs in bright tissue, through the scan's own coils and mask into its k-space."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from recon.physics.sampling import calibration_size
from recon.probes.grid import ProbeGrid, cells, grid
from recon.quality.survival import Least, Lesion
from recon.values.readouts import Readouts
from recon.volumes import ComplexImage, FloatImage

#: From what is asked of a plaque (3 mm; Thompson et al., Lancet Neurol 17:162, 2018), the one that must survive first.
LESIONS = (Lesion(4, 40, "%"), Lesion(3, 40, "%"), Lesion(4, 20, "%"), Lesion(2, 40, "%"))
LEAST = Least(LESIONS[0], 0.6)
#: Fewer samples of the centre show no coil's sensitivity.
LEAST_CALIBRATION = 6
_LARGEST_CENTRE = 32
#: Of the tissue's brightness, relative to the brightest.
_TISSUE = (0.2, 1.0)


def lesions_in(image: FloatImage, spacing_mm: tuple[float, float], *, alone: bool = False) -> ProbeGrid | None:
    """Lesions in tissue of a magnitude image (y, x), or the first of them ``alone``; None where there is no place."""
    means = cells(image)
    bright = float(np.percentile(means, 99))
    suitable = (means > _TISSUE[0] * bright) & (means < _TISSUE[1] * bright)
    shape = (image.shape[0], image.shape[1])
    return grid(suitable, LESIONS[:1] if alone else LESIONS, shape, spacing_mm, blur_mm=0.4 * max(spacing_mm))


def in_image(lesions: ProbeGrid, image: FloatImage) -> FloatImage:
    """The lesions (y, x) in the unit of the image: a share of the brightness around each."""
    return lesions.scaled(lesions.at(cells(image)) / 100)


def with_lesions(readouts: Readouts, lesions: FloatImage) -> Readouts:
    """The readouts as they would be with lesions (y, x) in the object.

    Each coil sees them with its own sensitivity and in phase with the tissue around, as the low-resolution images of
    the fully sampled centre show it; they are sampled where the scan was.
    """
    from recon.physics.espirit import centre_of, low_resolution  # brings in SciPy
    from recon.physics.fourier import to_kspace

    kspace, (rows, columns) = readouts.grid, lesions.shape
    size = calibration_size(readouts.mask.T)
    seen = low_resolution(centre_of(np.ascontiguousarray(kspace), size, _LARGEST_CENTRE), (rows, columns))
    seen /= np.maximum(np.sqrt(np.square(np.abs(seen)).sum(0)), np.finfo(np.float32).tiny)
    added = _of_matrix(to_kspace(seen * lesions), (kspace.shape[1], kspace.shape[2])).transpose(2, 0, 1)
    return replace(readouts, samples=readouts.samples + added * readouts.mask[:, None])


def resolved(lesions: FloatImage, matrix: tuple[int, int]) -> FloatImage:
    """What k-space of a matrix shows of lesions (y, x) on more pixels, when all of it is measured."""
    if lesions.shape == matrix:
        return lesions
    from recon.physics.fourier import finer, to_image, to_kspace  # brings in SciPy

    coarse = to_image(_of_matrix(to_kspace(lesions.astype(np.complex64)[None]), matrix))[0]
    shape = (lesions.shape[0], lesions.shape[1])
    return np.asarray(finer(coarse, shape).real, np.float32)


def _of_matrix(kspace: ComplexImage, matrix: tuple[int, int]) -> ComplexImage:
    """The centre (coils, rows, columns) of k-space; images keep their values."""
    sides = kspace.shape[-2:]
    top, left = (side // 2 - n // 2 for side, n in zip(sides, matrix, strict=True))
    gain = np.float32(np.sqrt(matrix[0] * matrix[1] / (sides[0] * sides[1])))
    return np.asarray(kspace[..., top : top + matrix[0], left : left + matrix[1]] * gain, np.complex64)
