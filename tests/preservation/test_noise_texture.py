from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from recon.preservation.noise_texture import agreement, average_frequency, concordance, features


def test_noise_of_a_gaussian_filter_has_its_mean_frequency() -> None:
    """Power exp(-4 pi² sigma² f²) in the plane: the mean of f is 1 / (4 sqrt(pi) sigma)."""
    noise = np.random.default_rng(0).normal(size=(60, 64, 64))
    smooth = np.stack([gaussian_filter(patch, 1.5, mode="wrap") for patch in noise])
    sigma_cm = 1.5 * 0.07
    assert average_frequency(smooth, 0.7) == pytest.approx(1 / (4 * np.sqrt(np.pi) * sigma_cm), rel=0.05)
    assert average_frequency(noise, 0.7) > 2 * average_frequency(smooth, 0.7)


def test_concordance_wants_values_not_order() -> None:
    values = np.linspace(0, 1, 50)
    assert concordance(values, values) == pytest.approx(1)
    assert concordance(values, values + 1) < 0.3
    assert concordance(values, -values) < 0


def test_smoothing_changes_texture_and_agreement_shows_it() -> None:
    rng = np.random.default_rng(1)
    patches = 50 + rng.normal(0, 1, (30, 24, 24)) * rng.uniform(10, 30, (30, 1, 1))
    smooth = np.stack([gaussian_filter(patch, 1.0) for patch in patches])
    assert features(smooth[0])["homogeneity"] > features(patches[0])["homogeneity"]
    assert min(agreement(patches, patches).values()) == pytest.approx(1)
    assert agreement(smooth, patches)["homogeneity"] < 0.5
