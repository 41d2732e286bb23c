"""Does a small lesion come out, and does none appear where none was?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from recon.arrays import ComplexArray, FloatArray, Mask
from recon.networks.mr_unrolled import root_sum_of_squares
from recon.training.mr.sampler import acquire
from recon.training.mr.served import Reconstruct


@dataclass(frozen=True)
class LesionTest:
    """Lesions inserted in k-space.

    Attributes
    ----------
    recovery
        (lesions,) contrast in the reconstruction over contrast in the truth; 1 is right.
    false_structure
        Largest structure of the reconstruction without lesions that full sampling does not show, over the
        contrast of the lesions: error of the magnitude averaged over a lesion's size, 99.9th percentile.
    """

    recovery: FloatArray
    false_structure: float


def lesion_recovery(
    reconstruct: Reconstruct,
    image: ComplexArray,
    maps: ComplexArray,
    mask: Mask,
    noise: float,
    diameter_px: float,
    *,
    contrast: float = 0.4,
    count: int = 12,
    seed: int = 0,
) -> LesionTest:
    """Reconstruct one object with and without lesions, noise being the same.

    Parameters
    ----------
    reconstruct
        (5, y, x) of k-space and mask; its first two planes are the complex image.
    image, maps, mask, noise
        As in :func:`recon.training.mr.sampler.acquire`.
    diameter_px
        Of a lesion, at half of its contrast.
    contrast
        Relative change of the signal in a lesion, every other one darker.
    count, seed
        How many lesions, and of what draw.
    """
    rng = np.random.default_rng(seed)
    magnitude = np.abs(image)
    head = ndimage.binary_erosion(magnitude > 0.25 * np.percentile(magnitude, 98), iterations=int(diameter_px) + 2)
    centres = _apart(np.argwhere(head), count, 3 * diameter_px, rng)
    y, x = np.ogrid[: image.shape[0], : image.shape[1]]
    change = np.zeros(image.shape, np.float32)
    discs = []
    for index, (cy, cx) in enumerate(centres):
        disc = np.clip(diameter_px / 2 + 0.5 - np.hypot(y - cy, x - cx), 0, 1).astype(np.float32)
        discs.append(disc)
        change += disc * (contrast if index % 2 == 0 else -contrast)
    clean, ill = (
        acquire(image * (1 + c), maps, mask, noise, np.random.default_rng(seed + 1)) for c in (0 * change, change)
    )
    before, after = (_magnitude(reconstruct(scan.kspace.numpy(), mask)) for scan in (clean, ill))
    truth_before, truth_after = (root_sum_of_squares(scan.coil_images).numpy() for scan in (clean, ill))
    recovery = [float(((after - before) * d).sum() / ((truth_after - truth_before) * d).sum()) for d in discs]
    error = ndimage.uniform_filter(before - truth_before, max(1, round(diameter_px)))
    level = contrast * truth_before[head].mean()
    return LesionTest(np.array(recovery), float(np.percentile(np.abs(error[head]), 99.9) / level))


def _magnitude(planes: FloatArray) -> FloatArray:
    return np.hypot(planes[0], planes[1])


def _apart(
    places: npt.NDArray[np.intp], count: int, distance: float, rng: np.random.Generator
) -> list[npt.NDArray[np.intp]]:
    """Up to ``count`` of the places, none closer to another than ``distance``."""
    chosen: list[npt.NDArray[np.intp]] = []
    for place in rng.permutation(places):
        if all(np.hypot(*(place - other)) >= distance for other in chosen):
            chosen.append(place)
        if len(chosen) == count:
            break
    return chosen
