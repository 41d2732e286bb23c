"""Whitened noise is white."""

from __future__ import annotations

import numpy as np
import pytest

from recon.errors import UnusableData
from recon.physics.coil_noise import whitening


def test_whitened_noise_has_unit_variance_and_no_correlation() -> None:
    rng = np.random.default_rng(0)
    mix = rng.normal(size=(6, 6)) + 1j * rng.normal(size=(6, 6))
    white = (rng.normal(size=(6, 20000)) + 1j * rng.normal(size=(6, 20000))) / np.sqrt(2)
    noise = (3e-5 * mix @ white).astype(np.complex64)
    out = whitening(noise) @ noise
    np.testing.assert_allclose(out @ out.conj().T / out.shape[1], np.eye(6), atol=0.02)


def test_what_cannot_be_whitened_is_refused() -> None:
    noise = np.ones((4, 100), np.complex64)
    with pytest.raises(UnusableData, match="copies another"):
        whitening(noise)
    with pytest.raises(UnusableData, match="2 samples for 4 coils"):
        whitening(noise[:, :2])
