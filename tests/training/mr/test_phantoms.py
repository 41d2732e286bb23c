"""Phantoms to train on."""

from __future__ import annotations

import numpy as np
import pytest

from recon.training.mr.objects import draw_test_object
from recon.training.mr.phantoms import draw_phantom


@pytest.mark.parametrize("seed", range(12))
def test_a_phantom_is_bright_within_and_dark_around(seed: int) -> None:
    magnitude = draw_phantom((150, 120), np.random.default_rng(seed))
    assert magnitude.shape == (150, 120)
    assert magnitude.dtype == np.float32
    assert magnitude.min() >= 0
    assert 0.5 < np.percentile(magnitude, 99.5) < 2.5
    share = float((magnitude > 0.1).mean())
    assert 0.08 < share < 0.95
    assert np.concatenate([magnitude[:2].ravel(), magnitude[-2:].ravel()]).mean() < 0.3


def test_a_phantom_as_seen_keeps_its_energy_and_is_the_same_for_a_seed() -> None:
    first, second = (draw_test_object((96, 128), np.random.default_rng(3)) for _ in range(2))
    assert first.shape == (96, 128)
    assert np.array_equal(first, second)
    plain = draw_phantom((144, 192), np.random.default_rng(3))
    # what lies beyond the matrix's k-space is little
    assert np.mean(np.abs(first) ** 2) == pytest.approx(np.mean(plain**2), rel=0.1)
