"""Simulated pairs say what they were told to, and the sampler repeats itself."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from recon.training.contrast.simulate import PairErrors, _moved, simulate_pair
from tests.tasks.contrast.phantom import SHAPE, ball, head, uptake


def test_without_errors_a_tenth_of_the_dose_gives_a_tenth_of_the_enhancement() -> None:
    errors = PairErrors(gain=1.1, bias=0.02, shift=(0.1, 0, 0), shading=0.1).without(
        "noise_pre", "noise_low", "gain", "bias", "shift", "shading"
    )
    pair = simulate_pair(head(), uptake(), 0.1, errors, np.random.default_rng(0))
    np.testing.assert_allclose(pair.low - pair.pre, 0.1 * uptake(), atol=1e-6)
    np.testing.assert_allclose(pair.full, head() + uptake(), atol=1e-6)


@pytest.mark.parametrize("name", ["gain", "bias", "shift", "noise_low"])
def test_each_error_does_something_alone(name: str) -> None:
    value = {"gain": 1.05, "bias": 0.02, "shift": (0.0, 0.3, 0.0), "noise_low": 0.01}[name]
    errors = PairErrors(**{"noise_pre": 0.0, "noise_low": 0.0, name: value})
    pair = simulate_pair(head(), 0 * uptake(), 0.1, errors, np.random.default_rng(0))
    assert np.abs(pair.low - pair.pre)[head() > 0].mean() > 1e-3


def test_noise_has_the_level_that_was_asked_for() -> None:
    pair = simulate_pair(head(), uptake(), 0.1, PairErrors(0.02, 0.02), np.random.default_rng(0))
    inside = ball(SHAPE, tuple((s - 1) / 2 for s in SHAPE), tuple(0.3 * s for s in SHAPE)) < 1
    assert (pair.pre - pair.clean)[inside].std() == pytest.approx(0.02, rel=0.05)


def test_a_whole_voxel_moves_the_image_by_one() -> None:
    volume = gaussian_filter(np.random.default_rng(0).normal(size=(12, 16, 20)), 1.5, mode="wrap").astype(np.float32)
    moved = _moved(volume, (0.0, 1.0, 0.0))
    np.testing.assert_allclose(moved, np.roll(volume, 1, axis=1), atol=1e-4)


def test_small_and_large_motions_agree_where_they_meet() -> None:
    volume = gaussian_filter(np.random.default_rng(0).normal(size=(16, 24, 24)), 3.0, mode="wrap").astype(np.float32)
    small, large = _moved(volume, (0.0, 0.0, 0.199)), _moved(volume, (0.0, 0.0, 0.201))
    inner = np.s_[2:-2, 2:-2, 2:-2]
    change = np.abs(large - volume)[inner].max()
    assert np.abs(small - large)[inner].max() < 0.15 * change
