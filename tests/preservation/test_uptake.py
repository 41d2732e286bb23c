from __future__ import annotations

import numpy as np
import pytest

from recon.preservation.uptake import FULL, ball, ball_trial, places_of
from recon.training.contrast.preserve import lesions, made_up

LESIONS = lesions(quick=True)


def _tenfold(pre: np.ndarray, low: np.ndarray) -> tuple[np.ndarray, None]:
    return pre + 10 * (low - pre), None


def test_noise_is_the_same_with_a_ball_and_without() -> None:
    pair = made_up()
    trial = ball_trial(pair, {"tenfold": _tenfold}, LESIONS, realisations=1, noise=0.002, dose_fraction=0.1, seed=3)
    np.testing.assert_allclose(trial.present[FULL] - trial.absent[FULL], trial.signal, atol=0.01)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (2.0, 1.2, 1.2)])
def test_a_ball_has_its_volume_whatever_the_voxels(spacing: tuple[float, float, float]) -> None:
    assert ball(10, spacing).sum() * np.prod(spacing) == pytest.approx(np.pi / 6 * 10**3, rel=0.05)


def test_places_lie_apart_in_the_brain_and_away_from_what_enhances() -> None:
    pair = made_up()
    places = places_of(pair, np.random.default_rng(0))
    assert len(places) >= 10
    assert all(pair.inside[tuple(place)] and pair.enhancement[tuple(place)] < 0.08 for place in places)
    apart = np.abs(places[:, None] - places) * np.array(pair.spacing_mm)
    assert np.where(np.eye(len(places), dtype=bool), np.inf, apart.max(axis=2)).min() >= 14
