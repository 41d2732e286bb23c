"""Uptake is painted inside of the head."""

from __future__ import annotations

import numpy as np
import pytest

from recon.training.contrast import enhancement as paint
from tests.tasks.contrast.phantom import SHAPE, head


@pytest.mark.long
def test_painted_uptake_stays_in_the_head_and_erased_uptake_is_gone() -> None:
    rng, mask = np.random.default_rng(4), head() > 0
    anatomy, added = head(), np.zeros(SHAPE, np.float32)
    paint.lesions(anatomy, added, mask, 4, rng)
    assert added.max() > 0.05
    assert added[~mask].max() == 0
    assert paint.vessels(SHAPE, mask, rng).max() > 0.1
    before = added.sum()
    for _ in range(40):
        paint.erase(added, mask, 3, rng)
    assert added.sum() < 0.1 * before
