"""CT slices that a load generator makes itself, several of them."""

from __future__ import annotations

from functools import cache

import numpy as np

from recon.errors import InvalidRequest
from recon.tasks.sample import Extent, Sample, series_items
from recon.volumes import FloatImage, Geometry, Volume

SIZE = 512
#: The service may answer in whole HU.
_MOST_HU = 1.0
_GEOMETRY = Geometry.from_spacing(0.7, 0.7, 3.0)


def sample(item: int, slices: int, extent: Extent) -> Sample:
    """A series of different slices.

    Raises
    ------
    InvalidRequest
        When it is to have coils.
    """
    if extent.coils is not None:
        raise InvalidRequest("a CT series has no coils")
    size = extent.matrix or SIZE
    return Sample((ct_volume(item, slices, size),), f"{size} x {size}", 1.0, "HU", _MOST_HU, {"probes": "off"})


def ct_volume(item: int, slices: int, size: int = SIZE) -> Volume:
    """A series of different slices."""
    return Volume(np.stack([ct_slice(number, size) for number in series_items(item, slices)]), _GEOMETRY)


@cache
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
