"""Measures of images whose errors are known."""

from __future__ import annotations

import numpy as np
import pytest

from recon.training.mr.metrics import score
from tests.conftest import head

TRUTH = head((96, 80)).astype(np.float32)


def noisy(level, seed=0):
    return (TRUTH + level * np.random.default_rng(seed).normal(size=TRUTH.shape)).astype(np.float32)


def test_units_do_not_matter_and_a_perfect_image_is_perfect() -> None:
    found = score(5e-7 * TRUTH, TRUTH)
    assert found.nmse < 1e-10
    assert found.psnr_db > 100
    assert found.ssim == pytest.approx(1)
    assert found.hfen < 1e-5


def test_more_noise_is_worse_by_every_measure() -> None:
    low, high = score(noisy(0.02), TRUTH), score(noisy(0.1), TRUTH)
    assert low.psnr_db - high.psnr_db == pytest.approx(20 * np.log10(5), abs=0.7)
    assert low.ssim > high.ssim
    assert low.hfen < high.hfen
    assert high.nmse / low.nmse == pytest.approx(25, rel=0.15)


def test_the_interval_of_gaussian_noise_covers_what_it_says() -> None:
    width = np.full(TRUTH.shape, 1.645 * 0.05, np.float32)
    assert score(noisy(0.05), TRUTH, width).coverage == pytest.approx(0.9, abs=0.015)
    assert np.isnan(score(noisy(0.05), TRUTH, width * np.nan).coverage)


def test_blur_shows_in_the_high_frequencies() -> None:
    from scipy.ndimage import gaussian_filter

    blurred = score(gaussian_filter(TRUTH, 1.0), TRUTH)
    assert blurred.hfen > 0.2
    assert blurred.nmse < 0.05
