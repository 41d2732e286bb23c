from __future__ import annotations

import numpy as np
import pytest

from recon.physics.attenuation import hu_to_mu, mu_to_hu
from recon.physics.ct_dose import Exposure, incident_photons, line_integral_variance, noisy_line_integrals

QUIET = Exposure(photons=5e5, electronic_noise=0.0, modulation=0.0, starvation=0.0)


def _thickness() -> np.ndarray:
    return np.broadcast_to(np.linspace(0.5, 4.0, 200), (400, 200))


def test_hu_and_mu_are_inverse() -> None:
    hu = np.array([-1000.0, -90.0, 0.0, 60.0, 1200.0])
    np.testing.assert_allclose(mu_to_hu(hu_to_mu(hu)), hu, atol=1e-9)


def test_water_attenuates_as_tabulated() -> None:
    assert hu_to_mu(np.array(0.0)) == pytest.approx(0.01929)
    assert hu_to_mu(np.array(-2000.0)) == 0.0


@pytest.mark.parametrize("fraction", [0.5, 0.25, 0.1])
def test_noise_variance_is_inversely_proportional_to_dose(fraction: float) -> None:
    p = _thickness()
    full = (noisy_line_integrals(p, QUIET, np.random.default_rng(1)) - p).var()
    low = (noisy_line_integrals(p, QUIET.scaled(fraction), np.random.default_rng(2)) - p).var()
    assert low / full == pytest.approx(1 / fraction, rel=0.05)


def test_variance_formula_describes_the_samples() -> None:
    exposure = Exposure(photons=3e4, electronic_noise=4.0, modulation=0.3, starvation=0.0)
    p = _thickness()
    measured = (noisy_line_integrals(p, exposure, np.random.default_rng(3)) - p).var(axis=0)
    expected = line_integral_variance(p, exposure).mean(axis=0)
    np.testing.assert_allclose(measured.mean(), expected.mean(), rtol=0.05)


def test_modulation_sends_more_through_thick_views_and_keeps_the_dose() -> None:
    p = np.ones((100, 64)) * np.linspace(1, 5, 100)[:, None]
    sent = incident_photons(p, Exposure(photons=1e5, modulation=0.5, bowtie=0.0))
    assert sent[-1].mean() > 2 * sent[0].mean()
    assert sent.mean() == pytest.approx(1e5, rel=1e-6)


def test_the_bowtie_spares_the_edge() -> None:
    sent = incident_photons(np.zeros((10, 65)), Exposure(photons=1e5, bowtie=1.5))
    assert sent[0, 32] == pytest.approx(1e5)
    assert sent[0, 0] == pytest.approx(1e5 * np.exp(-1.5))


def test_starved_rays_stay_finite() -> None:
    p = np.full((20, 64), 14.0)
    assert np.isfinite(noisy_line_integrals(p, Exposure(photons=1e3), np.random.default_rng(0))).all()


def test_dose_must_be_positive() -> None:
    with pytest.raises(ValueError, match="positive"):
        QUIET.scaled(0.0)
