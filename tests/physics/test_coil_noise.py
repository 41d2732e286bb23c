"""Whitened noise is white."""

from __future__ import annotations

import numpy as np
import pytest

from recon.errors import UnusableData
from recon.physics.coil_noise import bandwidth_ratio, central_density, whitening


def test_whitened_noise_has_unit_variance_and_no_correlation() -> None:
    rng = np.random.default_rng(0)
    mix = rng.normal(size=(6, 6)) + 1j * rng.normal(size=(6, 6))
    white = (rng.normal(size=(6, 20000)) + 1j * rng.normal(size=(6, 20000))) / np.sqrt(2)
    noise = (3e-5 * mix @ white).astype(np.complex64)
    out = whitening(noise) @ noise
    np.testing.assert_allclose(out @ out.conj().T / out.shape[1], np.eye(6), atol=0.02)


def test_a_dead_coil_and_a_copy_carry_nothing_and_the_rest_is_white() -> None:
    rng = np.random.default_rng(1)
    noise = (rng.normal(size=(4, 5000)) + 1j * rng.normal(size=(4, 5000))).astype(np.complex64)
    noise[1] = 0
    noise[3] = 1000 * noise[0]
    out = whitening(noise) @ noise
    values = np.linalg.eigvalsh(out @ out.conj().T / out.shape[1])
    np.testing.assert_allclose(values, [0, 0, 1, 1], atol=0.02)


def test_what_cannot_be_whitened_is_refused() -> None:
    with pytest.raises(UnusableData, match="zero everywhere"):
        whitening(np.zeros((4, 100), np.complex64))
    with pytest.raises(UnusableData, match="2 samples for 4 coils"):
        whitening(np.ones((4, 2), np.complex64))


def test_twice_the_bandwidth_has_twice_the_variance() -> None:
    assert bandwidth_ratio(2.5, 5.0) == 0.5
    assert bandwidth_ratio(0.0, 5.0) == 1.0


def test_the_receivers_filter_shows_in_the_noise_scan() -> None:
    rng = np.random.default_rng(2)
    white = (rng.normal(size=(40, 512)) + 1j * rng.normal(size=(40, 512))).astype(np.complex64)
    assert central_density(white) == pytest.approx(1.0, abs=0.03)
    passed = np.abs(np.fft.fftfreq(512)) < 0.4  # 80 % of the band
    filtered = np.fft.ifft(np.fft.fft(white, axis=-1) * passed, axis=-1).astype(np.complex64)
    assert central_density(filtered) == pytest.approx(1 / 0.8, rel=0.03)
