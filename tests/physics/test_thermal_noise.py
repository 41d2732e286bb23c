"""Noise is found whatever lies in the centre of k-space."""

from __future__ import annotations

import numpy as np
import pytest

from recon.physics.thermal_noise import dead_coils, noise_beside_object, noise_of_coils, outer_noise
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


def test_noise_beside_the_object_whatever_its_edges() -> None:
    """Edges fill the corners of k-space; beside the object there is noise alone."""
    lines = multicoil(100 * head((128, 96)), 4, noise=1.0).transpose(2, 0, 1)
    mask = np.ones((96, 128), bool)
    assert noise_beside_object(lines, mask) == pytest.approx(2**0.5, rel=0.15)
    assert outer_noise(lines.transpose(1, 2, 0), mask.T) > 1.5 * 2**0.5
    half = np.arange(128) >= 40
    # half an echo blurs the object over what is beside it
    assert noise_beside_object(lines * half, mask & half) == pytest.approx(2**0.5, rel=0.3)
