"""Noise is found whatever lies in the centre of k-space."""

from __future__ import annotations

import numpy as np
import pytest

from recon.physics.thermal_noise import dead_coils, noise_of_coils, outer_noise
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


def test_coils_that_receive_nothing_are_told_from_quiet_ones() -> None:
    rng = np.random.default_rng(0)
    lines = (rng.normal(size=(8, 6, 64)) + 1j * rng.normal(size=(8, 6, 64))).astype(np.complex64)
    lines[:, 1] *= 0.05
    lines[:, 4] = 0
    lines[:, 5] *= 1e-5
    assert list(np.flatnonzero(dead_coils(lines))) == [4, 5]
    lines[:, :4] = 0
    assert list(np.flatnonzero(dead_coils(lines))) == [0, 1, 2, 3, 4]
    assert not dead_coils(0 * lines).any()


def test_each_coil_has_a_level_of_its_own() -> None:
    rng = np.random.default_rng(1)
    outer = rng.normal(size=(3, 4000)) + 1j * rng.normal(size=(3, 4000))
    levels = noise_of_coils((outer * [[1.0], [2.0], [0.1]]).astype(np.complex64))
    assert levels == pytest.approx([2**0.5, 2 * 2**0.5, 0.1 * 2**0.5], rel=0.05)
