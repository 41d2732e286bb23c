"""The smallest enhancement that can be seen grows with noise and as the dose falls."""

from __future__ import annotations

import numpy as np
import pytest

from recon.physics.detectability import ROSE, smallest_enhancement

SHAPE = (48, 40)
SPACING = (1.0, 1.0, 1.0)


def found(noise: float = 0.02, dose: float = 0.25, mean: float = 0.5, spacing=SPACING) -> np.ndarray:
    difference = np.random.default_rng(0).normal(0, noise, SHAPE).astype(np.float32)
    return smallest_enhancement(difference, np.full(SHAPE, mean, np.float32), noise, dose, spacing)


def test_in_plain_noise_it_is_what_rose_says() -> None:
    voxels = np.pi / 6 * 125
    expected = np.hypot(ROSE * 0.02 / (0.25 * np.sqrt(voxels)), 2 * 0.002 / 0.25 * 0.5)
    assert float(np.median(found())) == pytest.approx(expected, rel=0.15)


def test_it_grows_with_noise_and_as_the_dose_falls() -> None:
    base = np.median(found())
    assert np.median(found(noise=0.04)) > 1.4 * base
    assert np.median(found(dose=0.125)) == pytest.approx(2 * base, rel=0.05)
    assert np.median(found(spacing=(2.0, 2.0, 2.0))) > 2 * base


def test_it_never_falls_below_the_noise_of_the_whole_scan() -> None:
    quiet = smallest_enhancement(np.zeros(SHAPE, np.float32), np.zeros(SHAPE, np.float32), 0.02, 0.25, SPACING)
    assert quiet.min() == pytest.approx(ROSE * 0.02 / (0.25 * np.sqrt(np.pi / 6 * 125)), rel=1e-4)
    assert quiet.dtype == np.float32
