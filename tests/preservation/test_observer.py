"""The observer against what theory says of white noise."""

from __future__ import annotations

import numpy as np
import pytest

from recon.preservation.observer import laguerre_gauss, observe, ratio

SIDE, WIDTH = 28, 8.0


def _signal() -> np.ndarray:
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    return np.exp(-np.pi * (x * x + y * y) / WIDTH**2)  # the first channel, so that nothing of it is lost


def _pictures(noise: float, n: int = 1500, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    absent = np.random.default_rng(seed).normal(0, noise, (n, SIDE, SIDE))
    return absent + _signal(), absent, np.arange(n) // 10


def test_channels_are_orthonormal() -> None:
    channels = laguerre_gauss(64, 12.0)
    np.testing.assert_allclose(channels @ channels.T, np.eye(len(channels)), atol=0.02)


def test_in_white_noise_it_is_the_ideal_observer() -> None:
    """d' = |s| / sigma, of the signal less its mean, which the observer does not see."""
    noise = 2.0
    signal = _signal() - _signal().mean()
    found = observe(*_pictures(noise), WIDTH)
    assert found.d_a == pytest.approx(np.linalg.norm(signal) / noise, rel=0.1)


def test_twice_the_noise_halves_detectability() -> None:
    present, absent, groups = _pictures(2.0)
    twice = observe(absent * 2 + _signal(), absent * 2, groups, WIDTH)
    value, low, high = ratio(twice, observe(present, absent, groups, WIDTH), draws=100)
    assert value == pytest.approx(0.5, abs=0.06)
    assert low < 0.5 < high


def test_without_a_lesion_nothing_is_found() -> None:
    _, absent, groups = _pictures(2.0)
    other = np.random.default_rng(9).normal(0, 2.0, absent.shape)
    assert observe(other, absent, groups, WIDTH).auc == pytest.approx(0.5, abs=0.05)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("count", [0, 1])
def test_of_hardly_any_pictures_nothing_is_said(count: int) -> None:
    assert np.isnan(observe(*(part[:count] for part in _pictures(2.0, 10)), WIDTH).auc)
