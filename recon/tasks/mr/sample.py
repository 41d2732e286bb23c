"""k-space that a load generator makes itself: a head, under-sampled."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from recon.arrays import Mask
from recon.physics.fourier import to_kspace
from recon.tasks.sample import DIFFERENT, Extent, Sample, series_items
from recon.values.readouts import KSpace, Readouts
from recon.volumes import ComplexImage, FloatImage, Geometry

SIZE, COILS = 128, 4
_MOST_DIFFERENCE = 0.01
_GEOMETRY = Geometry.from_spacing(0.7, 0.7, 3.0)


def sample(item: int, slices: int, extent: Extent) -> Sample:
    """A stack of different slices; each image is 1 at its brightest."""
    size, coils = extent.matrix or SIZE, extent.coils or COILS
    words, kspace = f"{coils} coils, {size} x {size}, every fourth line", mr_kspace(item, slices, size, coils)
    return Sample((kspace,), words, 1.0, "of the brightest pixel", _MOST_DIFFERENCE, {"probes": "off"})


def mr_kspace(item: int, slices: int, size: int = SIZE, coils: int = COILS) -> KSpace:
    """Four-fold under-sampled k-space with 24 fully sampled central lines, made as it is sent."""
    items = series_items(item, slices)
    return KSpace(slices, coils, size, size, _GEOMETRY, lambda index: _measured(items[index], size, coils))


@lru_cache(maxsize=DIFFERENT + 1)
def _measured(item: int, size: int, coils: int) -> Readouts:
    return readouts(mr_slice(item, size, coils)[1])


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
    full = to_kspace(seen)
    full = full + 0.005 * (rng.normal(size=full.shape) + 1j * rng.normal(size=full.shape))
    return image.astype(np.float32), (full * sampled_lines(size)).astype(np.complex64)
