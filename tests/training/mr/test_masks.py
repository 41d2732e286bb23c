"""Masks to train on cover what scanners do."""

from __future__ import annotations

import numpy as np
import pytest

from recon.training.mr.masks import draw_discs, poisson_disc, random_mask


def test_masks_cover_accelerations_and_always_show_the_centre() -> None:
    rng = np.random.default_rng(0)
    discs = draw_discs(2, 0)
    found = []
    for _ in range(60):
        mask = random_mask((128, 112), rng, discs)
        found.append(mask.size / mask.sum())
        assert mask[64 - 5 : 64 + 5, 56 - 5 : 56 + 5].all()
    assert min(found) < 1.8
    assert max(found) > 4.0


def test_poisson_disc_reaches_its_acceleration() -> None:
    for acceleration in (3.0, 6.0):
        mask = poisson_disc((160, 160), acceleration, 20, 1)
        assert mask.size / mask.sum() == pytest.approx(acceleration, rel=0.35)
