"""Pairs of scans that a load generator makes itself."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from recon.errors import InvalidRequest
from recon.tasks.contrast.features import intensity_scale
from recon.tasks.contrast.header import FEWEST_SLICES
from recon.tasks.sample import DIFFERENT, Extent, Sample
from recon.volumes import Geometry, Unit, Volume

#: Rows and columns of the scans of a pair.
PAIR_SIDES = (192, 160)
_MOST_DIFFERENCE = 0.01


def sample(item: int, slices: int, extent: Extent) -> Sample:
    """A pair of scans.

    Raises
    ------
    InvalidRequest
        When it has fewer slices than the task takes, or is to have coils.
    """
    if extent.coils is not None:
        raise InvalidRequest("a pair of scans has no coils")
    if slices < FEWEST_SLICES:
        raise InvalidRequest(f"a scan of a pair has at least {FEWEST_SLICES} slices, not {slices}; see --series")
    sides = (extent.matrix, extent.matrix) if extent.matrix else PAIR_SIDES
    pre, low = contrast_pair(item, slices, sides)
    words = f"pairs of scans of {slices} x {' x '.join(map(str, sides))}"
    scale = intensity_scale(pre.values)
    return Sample((pre, low), words, scale, "99th percentiles of the scan", _MOST_DIFFERENCE, {"probes": "off"})


@lru_cache(maxsize=32)
def contrast_pair(item: int, slices: int, sides: tuple[int, int] = PAIR_SIDES) -> tuple[Volume, Volume]:
    """Scans of a head before and after a tenth of the dose, which a lesion has taken up; not to be changed."""
    rng = np.random.default_rng(item)
    z, y, x = np.meshgrid(*(np.linspace(-1, 1, side) for side in (slices, *sides)), indexing="ij", sparse=True)
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
