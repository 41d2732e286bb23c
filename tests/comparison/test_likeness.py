"""Two scans on one grid: how alike, how much is shown, and the gain between them."""

from __future__ import annotations

import numpy as np
import pytest

from recon.comparison.likeness import Likeness, body, likeness
from recon.volumes import FloatImage, Unit
from tests.tasks.contrast.phantom import head

MM = (1.0, 1.0, 1.0)
HEAD = (300 * head()).astype(np.float32)


def _noisy(values: FloatImage, seed: int, noise: float = 15.0) -> FloatImage:
    return (values + noise * np.random.default_rng(seed).standard_normal(values.shape)).astype(np.float32)


def _like(before: FloatImage, after: FloatImage, noise: float = 15.0, unit: Unit = Unit.ARBITRARY) -> Likeness:
    return likeness(before, after, np.full(before.shape, 1.645 * noise, np.float32), MM, unit)


@pytest.mark.parametrize("noise", [5.0, 30.0, 60.0])
def test_noise_leaves_scans_alike(noise: float) -> None:
    found = _like(_noisy(HEAD, 1, noise), _noisy(HEAD, 2, noise), noise)
    assert (found.alike or 0.0) > 0.9
    assert found.covered == 1


def test_a_head_beside_another_is_not_alike() -> None:
    found = _like(_noisy(HEAD, 1), _noisy(np.roll(HEAD, 20, axis=0), 2))
    assert (found.alike or 0.0) < 0.5


def test_of_noise_alone_likeness_is_not_known() -> None:
    flat = np.full((8, 64, 64), 100, np.float32)
    assert _like(_noisy(flat, 1), _noisy(flat, 2)).alike is None


def test_covered_is_a_share_of_the_body_and_not_of_the_air() -> None:
    after = HEAD.copy()
    after[:24] = np.nan
    assert _like(HEAD, after).covered == pytest.approx(0.5, abs=0.05)
    air = np.zeros((48, 96, 160), np.float32)
    air[..., :80] = HEAD
    shown = air.copy()
    shown[..., 84:] = np.nan
    assert _like(air, shown).covered == 1


def test_lungs_are_of_the_body() -> None:
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    chest = np.where(x**2 + y**2 < 0.6, 40.0, -1000.0)
    chest[(np.abs(x) - 0.3) ** 2 + y**2 < 0.03] = -850
    found = body(np.stack([chest.astype(np.float32)] * 3), Unit.HU)
    assert (found[0] == (x**2 + y**2 < 0.6)).all()


@pytest.mark.parametrize("gain", [0.5, 1.15, 4.0])
def test_the_gain_of_arbitrary_units_is_measured_and_a_lesion_does_not_move_it(gain: float) -> None:
    later = gain * _noisy(HEAD, 2)
    later[20:28, 40:50, 40:50] *= 1.5
    found = _like(_noisy(HEAD, 1), later)
    assert found.gain == pytest.approx(gain, rel=0.01)


def test_hu_have_no_gain() -> None:
    assert _like(HEAD, 1.15 * HEAD, unit=Unit.HU).gain == 1
    assert _like(np.zeros_like(HEAD), HEAD).gain is None
