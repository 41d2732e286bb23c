"""A long scan takes little more memory than its voxels: everything beside them is coarse, sparse, or a slab."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable

import numpy as np

from recon.tasks.contrast.session import matched_pair
from recon.tasks.contrast.slices import AlignedPair
from recon.volumes import Volume
from tests.tasks.contrast.phantom import scans, uptake


def _pair(times: int) -> tuple[Volume, Volume]:
    """A head above the other."""
    pre, low = (Volume(np.tile(s.values, (times, 1, 1)), s.geometry, s.unit) for s in scans(uptake()))
    return pre, low


def _peak(work: Callable[[], object]) -> int:
    gc.collect()
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_matching_takes_less_than_a_third_scan_beside_both() -> None:
    peaks, voxels = [], []
    for times in (2, 4):
        pre, low = _pair(times)
        peaks.append(_peak(lambda pre=pre, low=low: matched_pair(pre, low, 0.1)))  # type: ignore[misc]
        voxels.append(pre.values.size)
    assert peaks[1] - peaks[0] < 4 * (voxels[1] - voxels[0])


def test_slices_take_the_same_however_many_follow() -> None:
    peaks = []
    for times in (2, 4):
        pre, low = _pair(times)
        work = AlignedPair.of(pre, low, 0.1).work(1.0)
        next(work)  # caches
        peaks.append(_peak(lambda work=work: sum(1 for _ in work)))  # type: ignore[misc]
    assert peaks[1] < 1.1 * peaks[0]
