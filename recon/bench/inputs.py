"""What the load generator sends: images, k-space and pairs of scans that it makes itself, several of each."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from recon.values.readouts import KSpace, Mask, Readouts
from recon.volumes import ComplexImage, FloatImage, Geometry, Unit, Volume

SIZE = 512
#: How many slices take turns in a series.
DIFFERENT = 8
#: Rows and columns of the scans of a pair.
PAIR_SIDES = (192, 160)
_GEOMETRY = Geometry.from_spacing(0.7, 0.7, 3.0)


def ct_slice(item: int, size: int = SIZE) -> FloatImage:
    """A noisy cross-section (size, size) in HU: tissue, fat, bone and a lesion; another one for every item."""
    rng = np.random.default_rng(item)
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    image = np.full((size, size), -1000.0)
    image[(x / 0.85) ** 2 + (y / 0.65) ** 2 < 1] = -100
    image[(x / 0.75) ** 2 + (y / 0.55) ** 2 < 1] = 50
    for side in (-0.4, 0.4):
        image[(x - side) ** 2 + y**2 < 0.02] = 700
    image[(x - 0.02 * item) ** 2 + (y - 0.25) ** 2 < 0.008] = 90
    return (image + rng.normal(0, 20, image.shape)).astype(np.float32)


def series_items(item: int, slices: int) -> list[int]:
    """Which slices make up a series: the one asked for, then others, so that none can be answered by repetition."""
    return [item if index == 0 else (item + index) % DIFFERENT for index in range(slices)]


def ct_volume(item: int, slices: int) -> Volume:
    """A series of different slices."""
    return Volume(np.stack([ct_slice(number) for number in series_items(item, slices)]), _GEOMETRY)


def mr_kspace(item: int, slices: int, size: int = 128, coils: int = 4) -> KSpace:
    """Four-fold under-sampled k-space with 24 fully sampled central lines, one slice repeated."""
    measured = readouts(mr_slice(item, size, coils)[1])
    return KSpace(slices, coils, size, size, _GEOMETRY, lambda _: measured)


def readouts(kspace: ComplexImage) -> Readouts:
    """Of k-space (coils, ky, kx) of :func:`mr_slice`."""
    return Readouts.of_grid(kspace, np.broadcast_to(sampled_lines(kspace.shape[2]), kspace.shape[1:]))


def sampled_lines(size: int) -> Mask:
    """Every fourth of ``size`` lines and the 24 about the centre."""
    lines = np.zeros(size, bool)
    lines[::4] = True
    lines[size // 2 - 12 : size // 2 + 12] = True
    return lines


def mr_slice(item: int, size: int, coils: int) -> tuple[FloatImage, ComplexImage]:
    """A head (size, size) and its under-sampled k-space (coils, ky, kx) with a little noise."""
    rng = np.random.default_rng(item)
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    radius = np.hypot(x / 0.72, y / 0.88)
    image = np.select([radius < 0.8, radius < 0.88, radius < 1.0], [0.6, 0.05, 1.0], 0.0)
    image[(np.hypot((abs(x) - 0.12) / 0.08, y / 0.25) < 1) & (radius < 0.8)] = 0.2
    image[np.hypot((x - 0.3 + 0.05 * item) / 0.06, (y + 0.3) / 0.06) < 1] = 0.9
    image = image + 0.08 * np.sin(25 * x) * np.cos(21 * y) * (radius < 0.8)
    angles = 2 * np.pi * np.arange(coils) / coils
    distance = (x - 1.1 * np.cos(angles)[:, None, None]) ** 2 + (y - 1.1 * np.sin(angles)[:, None, None]) ** 2
    seen = image * (1 + distance) ** -1.5 * np.exp(1j * (angles[:, None, None] + 0.5 * x))
    full = np.fft.fftshift(np.fft.fft2(np.fft.ifftshift(seen, axes=(-2, -1)), norm="ortho"), axes=(-2, -1))
    full += 0.005 * (rng.normal(size=full.shape) + 1j * rng.normal(size=full.shape))
    return image.astype(np.float32), (full * sampled_lines(size)).astype(np.complex64)


@lru_cache(maxsize=32)
def contrast_pair(item: int, slices: int) -> tuple[Volume, Volume]:
    """Scans of a head before and after a tenth of the dose, which a lesion has taken up; not to be changed."""
    rng = np.random.default_rng(item)
    z, y, x = np.meshgrid(*(np.linspace(-1, 1, side) for side in (slices, *PAIR_SIDES)), indexing="ij", sparse=True)
    radius = np.sqrt((x / 0.8) ** 2 + (y / 0.9) ** 2 + (0.4 * z) ** 2)
    clean = np.select([radius < 0.8, radius < 0.88, radius < 1.0], [0.6, 0.05, 1.0], 0.0)
    clean[(np.hypot((abs(x) - 0.12) / 0.08, y / 0.25) < 1) & (radius < 0.8)] = 0.2
    clean += 0.08 * np.sin(25 * x + item) * np.cos(21 * y) * (radius < 0.8)
    lesion = (x - 0.3 + 0.05 * (item % DIFFERENT)) ** 2 + (y + 0.3) ** 2 + (0.2 * z) ** 2 < 0.02
    geometry = Geometry.from_spacing(1.0, 1.0, 4.0)
    scans = []
    for image in (clean, clean + 0.06 * lesion):
        noisy = np.hypot(*(part + rng.normal(0, 0.008, clean.shape) for part in (image, 0.0)))
        scans.append(Volume((1000 * noisy).astype(np.float32), geometry, Unit.ARBITRARY))
    return scans[0], scans[1]
