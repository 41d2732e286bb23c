from __future__ import annotations

import numpy as np
import pytest

from recon.quality.noise_level import tissue_noise
from tests.conftest import body


@pytest.mark.parametrize("noise", [5.0, 15.0, 30.0])
def test_the_noise_of_a_body_is_found(noise: float) -> None:
    assert tissue_noise(body(256, noise)) == pytest.approx(noise, rel=0.1)


def test_slow_changes_are_no_noise() -> None:
    ramp = np.linspace(-50, 100, 256)[None, :] + np.zeros((256, 1))
    assert tissue_noise(ramp) < 1.0


def test_air_has_no_tissue_to_measure() -> None:
    assert np.isnan(tissue_noise(np.full((128, 128), -1000.0)))


def test_noise_alone_is_measured_where_another_image_has_tissue() -> None:
    """As much as is measured on tissue with that noise, though noise itself is tissue everywhere."""
    noise = np.random.default_rng(0).normal(0, 10, (256, 256))
    noise[:32] *= 0.1  # in the air
    noise[-32:] *= 0.1
    clean = np.where(np.hypot(*np.mgrid[-1:1:256j, -1:1:256j]) < 0.7, 40.0, -1000.0)
    assert tissue_noise(noise, clean) == pytest.approx(tissue_noise(clean + noise), rel=0.03)
