"""Fidelity of images whose errors are known."""

from __future__ import annotations

import numpy as np
import pytest

from recon.training.automap.metrics import fidelity

TRUTH = np.random.default_rng(0).uniform(0.2, 1.0, (3, 32, 32))


def test_figures_of_a_known_error() -> None:
    noise = 0.01 * np.random.default_rng(1).normal(size=TRUTH.shape)
    found = fidelity(TRUTH + noise, TRUTH)
    assert found.rmse == pytest.approx(0.01, rel=0.05)
    assert found.psnr_decibel == pytest.approx(40, abs=0.5)
    energy = np.square(TRUTH).mean()
    assert found.snr_decibel == pytest.approx(10 * np.log10(energy / 1e-4), abs=0.5)


def test_phase_does_not_count_and_the_unit_does_not_matter() -> None:
    turned, worse = TRUTH * np.exp(1j), TRUTH * 1.1
    assert fidelity(turned * (1 + 1e-4), TRUTH).rmse < 1e-3
    one, other = fidelity(worse, TRUTH), fidelity(1e-6 * worse, 1e-6 * TRUTH)
    assert other.rmse == pytest.approx(one.rmse)
    assert other.snr_decibel == pytest.approx(one.snr_decibel)
