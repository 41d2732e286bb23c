"""Figures of slices whose noise, blur and bias are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from recon.training.ct import metrics
from tests.conftest import body

FULL = body(160, 0.0)
NOISE = np.random.default_rng(0).normal(0, 20, FULL.shape).astype(np.float32)


def test_errors_are_counted_in_the_display_window() -> None:
    assert metrics.rmse(FULL, FULL) == 0
    flat = np.full((64, 64), 40.0)
    assert metrics.rmse(flat + 10, flat) == pytest.approx(10)
    assert metrics.psnr(flat + 10, flat) == pytest.approx(20 * np.log10(40))
    assert metrics.rmse(np.full((8, 8), -3000.0), np.full((8, 8), -1000.0)) == 0  # both are black
    assert metrics.ssim(FULL, FULL) == pytest.approx(1)
    assert metrics.ssim(FULL + NOISE, FULL) < metrics.ssim(FULL + NOISE / 4, FULL) < 1


def test_white_noise_has_a_flat_spectrum_of_its_variance() -> None:
    noise = np.random.default_rng(1).normal(0, 5, (512, 512))
    spectrum = metrics.noise_power_spectrum(noise)
    assert spectrum[2:].mean() == pytest.approx(25, rel=0.05)
    assert spectrum[2:16].mean() == pytest.approx(spectrum[16:].mean(), rel=0.1)
    blurred = metrics.noise_power_spectrum(gaussian_filter(noise, 1.0))
    assert blurred[24:].mean() < 0.02 * blurred[:4].mean()


def test_a_blur_halves_the_transfer_at_a_lower_frequency() -> None:
    edges = metrics.find_edges(FULL)
    assert len(edges.places) > 100
    np.testing.assert_allclose(np.hypot(*edges.normals.T), 1, atol=1e-6)
    sharp, soft = (metrics.edge_mtf50(gaussian_filter(FULL, sigma), edges) for sigma in (1.0, 2.0))
    # of a Gaussian: sqrt(ln 2 / 2) / (pi sigma)
    assert soft == pytest.approx(np.sqrt(np.log(2) / 2) / (np.pi * 2), rel=0.1)
    assert sharp > 1.6 * soft


def test_a_bias_is_found_in_flat_tissue() -> None:
    found = metrics.flat_bias(FULL + 3, FULL)
    assert found["soft_tissue"] == pytest.approx(3)


def test_an_interval_covers_what_it_says() -> None:
    covered, width = metrics.interval_in_body(FULL + NOISE, np.full(FULL.shape, 1.645 * 20), FULL)
    assert covered == pytest.approx(0.9, abs=0.01)
    assert width == pytest.approx(1.645 * 20)
