"""A slice that can be scanned by MR again and again, with a change or without."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.ndimage import (
    binary_closing,
    binary_fill_holes,
    distance_transform_edt,
    gaussian_filter,
    label,
    uniform_filter,
)

from recon.arrays import ComplexArray, FloatArray, Mask
from recon.physics.fourier import to_image, to_kspace

#: Magnitude images and half-widths (n, y, x) of k-space (coils, ky, kx) and masks (ky, kx); None where the method
#: knows no interval.
Reconstruction = Callable[[Sequence[ComplexArray], Sequence[Mask]], tuple[FloatArray, FloatArray | None]]
#: Half the side of the pictures that are cut out, pixels.
REACH_PX = 12
_APART_PX = 17
#: Share of the deepest depth from which the inside begins: behind scalp, skull and the brain's outermost folds.
_DEEP = 0.24
_CALM, _CALM_PX = 0.1, 13


@dataclass(frozen=True)
class Subject:
    """What is scanned.

    Attributes
    ----------
    name
        Of the slice.
    image
        (y, x) complex, all coils combined.
    maps
        (coils, y, x) sensitivities, root sum of squares 1.
    rest
        (coils, ky, kx) of a measured scan what image and maps do not explain; zero of a simulated one.
    noise_std
        Of the real part of a coil's sample, which every scan adds.
    """

    name: str
    image: ComplexArray
    maps: ComplexArray
    rest: ComplexArray
    noise_std: float

    @cached_property
    def level(self) -> FloatArray:
        """(y, x) brightness around each pixel, of which a lesion's contrast is a share."""
        return gaussian_filter(np.abs(self.image), 3.0)

    @cached_property
    def inside(self) -> Mask:
        """(y, x) the object without its outer layers."""
        smooth = gaussian_filter(np.abs(self.image), 1.0)
        parts, _ = label(binary_closing(smooth > 0.15 * np.percentile(smooth, 98), iterations=2))
        sizes = np.bincount(parts.ravel())
        sizes[0] = 0
        depth = distance_transform_edt(binary_fill_holes(parts == sizes.argmax()))
        return np.asarray(depth > _DEEP * depth.max())

    @cached_property
    def calm(self) -> Mask:
        """(y, x) of the inside, where there is bright tissue without much structure."""
        smooth = gaussian_filter(np.abs(self.image), 2.0)
        mean = uniform_filter(smooth, _CALM_PX)
        spread = np.sqrt(np.maximum(uniform_filter(smooth**2, _CALM_PX) - mean**2, 0))
        bright = mean > 0.5 * np.median(smooth[self.inside])
        found = self.inside & bright & (spread < _CALM * mean)
        whole = np.zeros_like(found)
        edge = slice(REACH_PX, -REACH_PX)
        whole[edge, edge] = found[edge, edge]
        return whole

    def with_change(self, image: ComplexArray, change: FloatArray) -> ComplexArray:
        """An image with something added (y, x) in phase with the tissue around."""
        smooth = gaussian_filter(self.image.real, 1.0) + 1j * gaussian_filter(self.image.imag, 1.0)
        return np.asarray(image + change * np.exp(1j * np.angle(smooth)), np.complex64)

    def kspace(self, image: ComplexArray) -> ComplexArray:
        """(coils, ky, kx) of an image (y, x) without noise, every sample measured."""
        return np.asarray(to_kspace(self.maps * image) + self.rest, np.complex64)

    def scanned(self, image: ComplexArray, rng: np.random.Generator, louder: float = 1.0) -> ComplexArray:
        """The same with noise, so many times as loud as usual."""
        white = rng.standard_normal((*self.maps.shape, 2), dtype=np.float32).view(np.complex64)[..., 0]
        return np.asarray(self.kspace(image) + np.float32(louder * self.noise_std) * white, np.complex64)


def shown(kspace: ComplexArray) -> FloatArray:
    """(y, x) root sum of squares of whole k-space: what full sampling shows."""
    return np.sqrt((np.abs(to_image(kspace)) ** 2).sum(0))


def places_in(
    suitable: Mask, rng: np.random.Generator, apart_px: float = _APART_PX, most: int = 1000
) -> npt.NDArray[np.int64]:
    """Rows and columns (n, 2) of places in a mask, drawn so that none lies near another."""
    left = rng.permutation(np.argwhere(suitable))
    taken: list[npt.NDArray[np.int64]] = []
    while len(left) and len(taken) < most:
        taken.append(left[0])
        left = left[np.hypot(*(left - left[0]).T) >= apart_px]
    return np.array(taken).reshape(-1, 2)


def picture(image: FloatArray, place: Sequence[int]) -> FloatArray:
    """The part of an image about a place, :data:`REACH_PX` pixels to each side; a view."""
    row, column = place
    return image[row - REACH_PX : row + REACH_PX + 1, column - REACH_PX : column + REACH_PX + 1]
