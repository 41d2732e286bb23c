"""Noise is found whatever lies in the centre of k-space."""

from __future__ import annotations

import numpy as np
import pytest

from recon.physics.thermal_noise import outer_noise
from tests.conftest import head, multicoil


@pytest.mark.parametrize("level", [0.1, 0.3])
def test_the_level_of_complex_noise(level: float) -> None:
    kspace = multicoil(head((128, 128)), 4, noise=level)
    assert outer_noise(kspace, np.ones((128, 128), bool)) == pytest.approx(level * 2**0.5, rel=0.15)


def test_only_measured_samples_count() -> None:
    kspace = multicoil(0 * head((96, 96)), 2, noise=1.0)
    mask = np.zeros((96, 96), bool)
    mask[40:56] = True
    assert outer_noise(kspace * mask, mask) == pytest.approx(2**0.5, rel=0.1)
