"""Inputs for the benchmark."""

from __future__ import annotations

import numpy as np

from recon.quality.verdict import Verdict
from recon.tasks.contrast.sample import contrast_pair
from recon.tasks.contrast.slices import AlignedPair


def test_the_pairs_are_good_ones_and_all_different() -> None:
    for item in (0, 1, 105):
        pre, low = contrast_pair(item, 5)
        found = AlignedPair.of(pre, low, 0.1)
        assert not [check.name for check in found.checks if check.outcome is Verdict.REJECT]
    assert not np.array_equal(contrast_pair(0, 5)[0].values, contrast_pair(8, 5)[0].values)
