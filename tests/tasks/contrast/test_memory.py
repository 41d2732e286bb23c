"""A long scan takes little more memory than its voxels: everything beside them is coarse, sparse, or a slab."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from functools import cache

import numpy as np

from recon.tasks.base import ModelFacts
from recon.tasks.contrast.series import ContrastSeries
from recon.tasks.contrast.session import ContrastSession, matched_pair
from recon.tasks.contrast.slices import AlignedPair
from recon.volumes import Geometry, Unit, Volume
from tests.tasks.contrast.phantom import scans, uptake


@cache
def _one() -> tuple[Volume, Volume]:
    return scans(uptake())


def _pair(times: int) -> tuple[Volume, Volume]:
    """A head above the other."""
    pre, low = (Volume(np.tile(s.values, (times, 1, 1)), s.geometry, s.unit) for s in _one())
    return pre, low


def _peak(work: Callable[[], object]) -> int:
    gc.collect()
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_matching_takes_little_beside_both_scans() -> None:
    peaks, voxels = [], []
    for times in (2, 4):
        pre, low = _pair(times)
        peaks.append(_peak(lambda pre=pre, low=low: matched_pair(pre, low, 0.1)))  # type: ignore[misc]
        voxels.append(pre.values.size)
    assert peaks[1] - peaks[0] < 6 * (voxels[1] - voxels[0])  # both scans are 8 bytes a voxel


def test_slices_take_the_same_however_many_follow() -> None:
    peaks = []
    for times in (2, 4):
        pre, low = _pair(times)
        work = AlignedPair.of(pre, low, 0.1).work(1.0)
        next(work)  # caches
        peaks.append(_peak(lambda work=work: sum(1 for _ in work)))  # type: ignore[misc]
    assert peaks[1] < 1.1 * peaks[0]


def test_a_pair_of_512_by_512_by_300_is_booked_with_less_than_three_gibibytes() -> None:
    geometry = Geometry.from_spacing(0.5, 0.5, 0.6)
    scan = Volume(np.broadcast_to(np.float32(0), (300, 512, 512)), geometry, Unit.ARBITRARY)
    header = next(ContrastSeries(scan, scan).messages())
    session = ContrastSession(header.header, ModelFacts("contrast_enhance"))
    assert 2 * 4 * scan.values.size < session.held_bytes(2) < 3 << 30
