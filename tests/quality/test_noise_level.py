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
