"""A long scan takes no more memory than its voxels: everything beside them is coarse, sparse, or a slab."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from recon.tasks.contrast.session import matched_pair
from recon.tasks.contrast.slices import AlignedPair
from recon.volumes import Geometry, Volume
from tests.tasks.contrast.phantom import scans, uptake


def _pair(times: int, moved_mm: float) -> tuple[Volume, Volume]:
    """A head above the other, in thin slices."""
    geometry, moved = (np.diag([1.0, 1.0, 1.0, 1.0]) for _ in range(2))
    moved[0, 3] = moved_mm
    pre, low = scans(uptake())
    values = [np.tile(scan.values, (times, 2, 2)) for scan in (pre, low)]
    return Volume(values[0], Geometry(geometry), pre.unit), Volume(values[1], Geometry(moved), low.unit)


def _peak(work: Callable[[], object]) -> int:
    gc.collect()
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("moved_mm", "bytes_a_voxel"), [(0.0, 4), (0.4, 10)])
def test_matching_takes_little_beside_both_scans(moved_mm: float, bytes_a_voxel: float) -> None:
    peaks, voxels = [], []
    for times in (3, 6):
        pre, low = _pair(times, moved_mm)
        matched_pair(pre, low, 0.1)  # caches
        pre, low = _pair(times, moved_mm)
        peaks.append(_peak(lambda pre=pre, low=low: matched_pair(pre, low, 0.1)))  # type: ignore[misc]
        voxels.append(pre.values.size)
    assert peaks[1] - peaks[0] < bytes_a_voxel * (voxels[1] - voxels[0])


def test_slices_take_the_same_however_many_follow() -> None:
    peaks = []
    for times in (3, 6):
        pre, low = _pair(times, 0.0)
        pair = AlignedPair.of(pre, low, 0.1)
        list(pair.work(1.0))[:1]
        peaks.append(_peak(lambda pair=pair: sum(1 for _ in pair.work(1.0))))  # type: ignore[misc]
    assert peaks[1] < 1.1 * peaks[0]
