"""A bank of noise is kept as it is, and its exposures are those of scanners."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recon.training.ct import noise_bank
from recon.training.ct.noise_bank import NoiseBank


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    images = np.random.default_rng(0).normal(size=(2, 3, 16, 16)).astype(np.float16)
    noise_bank.save(NoiseBank(images, np.array([0.7, 0.8]), np.arange(4.0)), tmp_path / "bank")
    found = noise_bank.load(tmp_path / "bank")
    np.testing.assert_array_equal(found.images, images)
    np.testing.assert_array_equal(found.spacing_mm, [0.7, 0.8])
    np.testing.assert_array_equal(found.spectrum, np.arange(4.0))


def test_the_spectrum_is_the_mean_power_at_each_frequency() -> None:
    white = np.random.default_rng(0).normal(0, 3, (20, 32, 32))
    assert noise_bank.radial_spectrum(white, 16) / 32**2 == pytest.approx(np.full(16, 9.0), rel=0.4)
    wave = np.cos(2 * np.pi * 8 * np.arange(32) / 32)[None, None].repeat(32, 1)  # a quarter of a cycle a pixel
    assert noise_bank.radial_spectrum(wave, 16).argmax() == 8


def test_exposures_lie_between_a_childs_and_wide_hips() -> None:
    drawn = [noise_bank.random_exposure(np.random.default_rng(seed)) for seed in range(50)]
    assert min(one.photons for one in drawn) < 1e5
    assert max(one.photons for one in drawn) > 4e5
    assert all(4e4 <= one.photons <= 8e5 for one in drawn)
    assert noise_bank.random_exposure(np.random.default_rng(3)) == drawn[3]
