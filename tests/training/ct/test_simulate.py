"""Noise of a lower dose is that of the missing photons, seen through the reconstruction."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from recon.errors import UnusableData
from recon.physics.ct_dose import Exposure
from recon.physics.reconstruction_kernel import SOFT, apply_kernel
from recon.training.ct import simulate
from recon.training.ct.metrics import noise_power_spectrum
from recon.training.ct.noise_bank import scene_noise
from recon.training.ct.simulate import Scanner, added_noise, fit_scanner, low_dose_slices
from recon.training.ct.tomography import ParallelBeam
from recon.volumes import Geometry, Volume
from tests.conftest import body

pytestmark = pytest.mark.long

SIZE, SPACING = 256, 0.7
SCANNER = Scanner(Exposure(photons=2e5, electronic_noise=0.0, starvation=0.0), SOFT)


#: Making one takes longer than all that is done with it here.
beam_of = functools.cache(ParallelBeam)


@pytest.fixture(autouse=True)
def one_beam(monkeypatch: pytest.MonkeyPatch) -> None:
    """For all tests, with half the views of a scanner, which are enough for half its matrix."""
    monkeypatch.setattr(simulate, "ParallelBeam", beam_of)
    monkeypatch.setattr(simulate, "VIEWS", simulate.VIEWS // 2)


def _noise(fraction: float, seeds: int = 4) -> np.ndarray:
    clean = body(SIZE, 0.0)
    return np.stack(
        [added_noise(clean, SPACING, SCANNER, fraction, np.random.default_rng(seed)) for seed in range(seeds)]
    )


def test_noise_variance_is_inversely_proportional_to_dose() -> None:
    """Added variance is (1/d - 1) times the full dose's, within 5 %; the same draws at every dose."""
    tissue = (body(SIZE, 0.0) > -200) & (body(SIZE, 0.0) < 250)
    half, quarter, tenth = (_noise(d, 1)[:, tissue].var() for d in (0.5, 0.25, 0.1))
    assert quarter / half == pytest.approx(3.0, rel=0.05)
    assert tenth / half == pytest.approx(9.0, rel=0.05)


def test_full_dose_adds_nothing() -> None:
    assert np.abs(_noise(1.0, 1)).max() == 0.0


def test_the_spectrum_is_that_of_filtered_back_projection() -> None:
    """Rises from near zero (the ramp), peaks, and falls (the kernel): f * T(f)^2."""
    spectrum = np.mean([noise_power_spectrum(noise) for noise in _noise(0.25, 6)], axis=0)
    frequency = (np.arange(32) + 0.5) / 64
    expected = frequency * SOFT.transfer(frequency / SPACING) ** 2
    use = slice(2, 26)
    assert np.corrcoef(spectrum[use], expected[use])[0, 1] > 0.95
    assert spectrum[0] < 0.25 * spectrum.max()


def test_wide_bodies_get_horizontal_streaks() -> None:
    """Rays along the long axis are starved, so noise varies fastest from front to back."""
    noise = _noise(0.25)[:, 96:160, 96:160]
    power = (np.abs(np.fft.fft2(noise)) ** 2).mean(axis=0)
    frequency = np.fft.fftfreq(64)
    fy, fx = np.meshgrid(frequency, frequency, indexing="ij")
    ring = (np.hypot(fy, fx) > 0.05) & (np.hypot(fy, fx) < 0.3)
    assert power[ring & (abs(fy) > 2 * abs(fx))].mean() > 1.3 * power[ring & (abs(fx) > 2 * abs(fy))].mean()


def test_the_fitted_scanner_reproduces_the_noise_of_its_scan() -> None:
    clean = Volume(body(SIZE, 0.0)[None], Geometry.from_spacing(SPACING, SPACING, 3))
    scanner = fit_scanner(clean, noise_hu=15.0)
    noise = added_noise(clean.values[0], SPACING, scanner, 0.5, np.random.default_rng(5))
    tissue = (clean.values[0] > -200) & (clean.values[0] < 250)
    assert noise[tissue].std() == pytest.approx(15.0, rel=0.05)


@pytest.mark.parametrize("photons", [2e4, 2e5])
def test_the_exposure_of_a_scan_is_found(photons: float) -> None:
    """Measured on the scan's own images, water in the outline of a body."""
    water = np.where(body(SIZE, 0.0) > -200, 0.0, -1000.0)
    exposure = Exposure(photons, electronic_noise=3.0, starvation=0.0)
    noise = scene_noise(water, SPACING, exposure, 5, beam_of(SIZE, simulate.VIEWS), np.random.default_rng(3))
    slices = np.stack([water + apply_kernel(one, SOFT, SPACING) for one in noise]).astype(np.float32)
    scan = Volume(slices, Geometry.from_spacing(SPACING, SPACING, 3))
    assert fit_scanner(scan).exposure.photons == pytest.approx(photons, rel=0.15)


def test_padding_stays() -> None:
    values = body(SIZE, 0.0)[None].copy()
    values[:, :10] = -2000
    volume = Volume(values, Geometry.from_spacing(SPACING, SPACING, 3))
    low = next(low_dose_slices(volume, SCANNER, 0.25))
    assert (low[:10] == -2000).all()


@pytest.mark.parametrize("fraction", [0.0, -1.0, 1.5])
def test_impossible_doses_are_refused(fraction: float) -> None:
    with pytest.raises(UnusableData, match="dose fraction"):
        _noise(fraction, 1)


def test_air_has_no_noise_level_to_fit() -> None:
    volume = Volume(np.full((1, 64, 64), -1000, np.float32), Geometry.from_spacing(1, 1, 1))
    with pytest.raises(UnusableData, match="full-dose-noise"):
        fit_scanner(volume)
