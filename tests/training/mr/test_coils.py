"""Coils receive as loops of wire do."""

from __future__ import annotations

import numpy as np
import pytest

from recon.training.mr.coils import HEAD_MM, TRUNK_MM, noise_mixing, receive_maps, uniform_map


def test_noise_is_correlated_and_uneven_but_normalised() -> None:
    mixings = [noise_mixing(6, np.random.default_rng(seed)) for seed in range(20)]
    for mixing in mixings:
        assert float((np.abs(mixing) ** 2).sum()) == pytest.approx(6, rel=1e-4)
    covariance = mixings[0] @ mixings[0].conj().T
    assert np.abs(covariance - np.diag(np.diag(covariance))).max() > 0.01


@pytest.mark.parametrize("coils", [1, 2, 8, 32])
def test_receive_maps_are_smooth_and_normalised(coils) -> None:
    for seed in range(3):
        maps = receive_maps(coils, np.random.default_rng(seed))
        assert maps.shape == (coils, 48, 48)
        combined = np.sqrt((np.abs(maps) ** 2).sum(0))
        assert np.median(combined[12:-12, 12:-12]) == pytest.approx(1, rel=1e-3)
        middle = maps[:, 12:-12, 12:-12]  # outside lie the conductors
        assert np.abs(np.diff(middle, axis=1)).mean() < 0.15 * np.abs(middle).mean()


def test_a_loop_receives_most_near_itself(monkeypatch) -> None:
    """On the axis of a loop the field falls off as (1 + (d/r)²)^-1.5 and lies along the axis."""
    from recon.training.mr import coils

    monkeypatch.setattr(coils, "_WIRE_MM", 0.0)
    distance = np.array([0.0, 30.0, 80.0])
    points = np.stack([distance, 0 * distance, 0 * distance], -1)[None]
    field = coils._field(points, np.zeros(3), np.array([1.0, 0.0, 0.0]), 50.0)[0]
    expected = (1 + (distance / 50.0) ** 2) ** -1.5
    np.testing.assert_allclose(field / field[0], expected, atol=1e-6)


def test_an_array_for_a_trunk_reaches_its_middle() -> None:
    for body in (HEAD_MM, TRUNK_MM):
        maps = receive_maps(8, np.random.default_rng(0), body)
        combined = np.sqrt((np.abs(maps) ** 2).sum(0))
        assert np.median(combined[12:-12, 12:-12]) == pytest.approx(1, rel=1e-3)
    assert np.abs(np.abs(uniform_map(np.random.default_rng(0))) - 1).max() < 0.6
