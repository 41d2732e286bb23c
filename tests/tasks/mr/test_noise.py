"""Noise of a slice's own readouts, at the rim of k-space, and coils that receive nothing."""

from __future__ import annotations

import numpy as np
import pytest

from recon.tasks.mr.noise import ROOT_HALF, dead_coils_of, energy_of, noise_levels, noise_of, noise_share, outermost
from recon.values.readouts import Readouts
from tests.conftest import head, multicoil


def readouts(noise: float = 0.02, coils: int = 4, dead: int | None = None) -> Readouts:
    kspace = multicoil(head((96, 80)), coils, noise)
    if dead is not None:
        kspace[dead] = 0
    return Readouts.of_grid(kspace)


def test_the_noise_that_was_added_is_found() -> None:
    np.testing.assert_allclose(noise_levels(readouts(0.3)), 0.3, rtol=0.1)  # far above what the head leaves there


def test_a_noise_scan_comes_first_and_it_is_said_where_it_is_known_from() -> None:
    levels, source = noise_of(readouts(), 0.5)
    assert (list(levels), source) == ([0.5] * 4, "from the noise scan")
    assert noise_of(readouts(), 0.0)[1] == "from the corners of k-space"


def test_only_measured_samples_are_outermost() -> None:
    mask = np.zeros((80, 96), bool)
    mask[30:50] = True
    kspace = multicoil(head((96, 80)), 2, 0.01)
    found = outermost(Readouts.of_grid(kspace, mask.T))
    assert found.any()
    assert not (found & ~mask).any()
    assert found.sum() == pytest.approx(mask.sum() / 20, rel=0.2)
    assert not outermost(Readouts.of_grid(kspace, np.zeros((96, 80), bool))).any()


def test_coils_that_receive_nothing_are_told_by_few_lines() -> None:
    assert list(np.flatnonzero(dead_coils_of(readouts(dead=2)))) == [2]
    assert not dead_coils_of(readouts()).any()


def test_energy_is_the_sum_of_squares_whatever_the_scale() -> None:
    samples = readouts().samples
    expected = float((np.abs(samples.astype(np.complex128)) ** 2).sum())
    assert energy_of(samples) == pytest.approx(expected, rel=1e-5)
    assert energy_of(samples, 10.0) == pytest.approx(expected / 100, rel=1e-5)


def test_pure_noise_is_all_noise_and_silence_has_none() -> None:
    rng = np.random.default_rng(0)
    samples = (rng.normal(size=(32, 2, 32)) + 1j * rng.normal(size=(32, 2, 32))).astype(np.complex64)
    counts = np.ones((32, 32), np.uint16)
    assert noise_share(Readouts(samples, counts), 1.0) == pytest.approx(1.0, abs=0.03)
    assert noise_share(Readouts(samples, counts), 0.5) == pytest.approx(0.5, abs=0.03)
    assert noise_share(Readouts(np.zeros_like(samples), counts), 1.0) == 0.0
    assert pytest.approx(np.sqrt(0.5)) == ROOT_HALF
