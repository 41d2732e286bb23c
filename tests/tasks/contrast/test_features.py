"""Slabs have the features of the whole."""

from __future__ import annotations

import numpy as np

from recon.tasks.contrast.features import CHANNELS, REACH, SIGMAS, SlabGrid, halo, slab_features
from recon.tasks.contrast.slices import AlignedPair
from tests.tasks.contrast.phantom import SHAPE, scans, uptake


def test_slabs_give_the_features_of_the_whole() -> None:
    pre, low = scans(uptake())
    pair = AlignedPair.of(pre, low, 0.1)
    found = pair.anatomy
    mean, difference, grid = pair.slab(0, SHAPE[0])
    whole = slab_features(mean, difference, grid, found)
    around = halo(1.0)
    first = max(0, 20 - around)
    part = slab_features(*pair.slab(first, 36), found, slice(20 - first, 22 - first))
    for one, other in zip([*part.smoothed, part.regression], [*whole.smoothed, whole.regression], strict=True):
        np.testing.assert_allclose(one, other[20:22], atol=2e-3)
    np.testing.assert_array_equal(part.mean[part.first], whole.mean[20])
    assert 2 * (2 * REACH + 1) + len(SIGMAS) + 1 == CHANNELS
    assert isinstance(grid, SlabGrid)
