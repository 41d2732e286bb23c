"""Noise of magnitude images."""

from __future__ import annotations

import numpy as np
import pytest

from recon.physics.rician import add_rician_noise, difference_noise


def test_without_signal_the_noise_is_rayleigh() -> None:
    noise = add_rician_noise(np.zeros((64, 64, 16), np.float32), 2.0, np.random.default_rng(0))
    assert noise.mean() == pytest.approx(2.0 * np.sqrt(np.pi / 2), rel=0.02)
    assert noise.std() == pytest.approx(2.0 * np.sqrt(2 - np.pi / 2), rel=0.02)


def test_strong_signal_has_gaussian_noise_about_itself() -> None:
    noisy = add_rician_noise(np.full((64, 64, 16), 100.0, np.float32), 2.0, np.random.default_rng(0))
    assert noisy.mean() == pytest.approx(np.hypot(100.0, 2.0 / np.sqrt(2) * np.sqrt(2) / np.sqrt(1)), rel=0.001)
    assert noisy.std() == pytest.approx(2.0, rel=0.02)


def test_noise_of_a_difference_is_found_beside_enhancement() -> None:
    rng = np.random.default_rng(1)
    difference = rng.normal(0, 0.014, (8, 64, 64)).astype(np.float32)
    difference[:, 20:30, 20:30] += 0.1
    inside = np.ones(difference.shape, bool)
    assert difference_noise(difference, inside) == pytest.approx(0.014, rel=0.05)
    assert np.isnan(difference_noise(difference, ~inside))
