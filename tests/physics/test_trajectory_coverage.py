"""A trajectory covers what its samples reach, however many they are."""

from __future__ import annotations

import numpy as np
import pytest

from recon.physics.encoding import encoding
from recon.physics.trajectory_coverage import Coverage, coverage_of
from recon.training.mr.simulate import trajectory

SIDE = 96
#: Along a spoke, without and with twofold oversampling, and from the centre outward.
PLAIN, TWOFOLD, OUTWARD = (np.arange(SIDE) - 48) / SIDE, (np.arange(192) - 96) / 192, np.arange(SIDE) / 192


def covered(path: np.ndarray, matrix: int = SIDE) -> Coverage:
    return coverage_of(path.reshape(-1, 2), matrix)


def spokes(angles: np.ndarray, along: np.ndarray) -> np.ndarray:
    return (along[:, None] * np.stack([np.cos(angles), np.sin(angles)], -1)[:, None]).astype(np.float32)


def turned(count: int, turn: float = np.pi) -> np.ndarray:
    return turn * np.arange(count) / count


@pytest.mark.parametrize("kind", ["radial", "spiral"])
@pytest.mark.parametrize("matrix", [64, 96, 256])
def test_a_full_scan_is_dense_and_a_part_of_it_is_not(kind, matrix) -> None:
    full = covered(trajectory(kind, matrix, 1), matrix)
    assert full.share == pytest.approx(1, abs=0.001)
    assert full.acceleration == pytest.approx(1, abs=0.05)
    for acceleration in (2, 4, 8):
        part = covered(trajectory(kind, matrix, acceleration), matrix)
        assert part.acceleration == pytest.approx(acceleration, rel=0.12)
        assert part.share < 0.8


def test_golden_angles_are_dense_though_unevenly_spread() -> None:
    golden = np.pi * (np.sqrt(5) - 1) / 2 * np.arange(151)
    assert covered(spokes(golden, TWOFOLD)).share > 0.98
    assert covered(spokes(golden, TWOFOLD)).acceleration < 1.2


def test_what_comes_again_adds_nothing() -> None:
    once = spokes(turned(38), TWOFOLD)
    assert covered(np.tile(once, (4, 1, 1))) == covered(once)
    assert covered(once).acceleration == pytest.approx(4, rel=0.07)
    assert covered(-once).share == pytest.approx(covered(once).share, abs=0.02)


@pytest.mark.parametrize(
    ("angles", "along", "acceleration"),
    [
        (turned(151), PLAIN, 1),
        (turned(75), PLAIN, 2),
        (turned(302, 2 * np.pi), OUTWARD, 1),
        (turned(151, 2 * np.pi), OUTWARD, 2),
        (turned(75, 2 * np.pi), OUTWARD, 4),
    ],
)
def test_half_spokes_and_spokes_without_oversampling(angles, along, acceleration) -> None:
    found = covered(spokes(angles, along))
    assert found.acceleration == pytest.approx(acceleration, rel=0.08)
    assert (found.share > 0.999) == (acceleration == 1)


def test_the_disc_ends_where_the_trajectory_does_and_a_hole_in_it_is_a_gap() -> None:
    assert covered(spokes(turned(151), 0.8 * TWOFOLD)).share == pytest.approx(1)
    hole = covered(spokes(turned(151), TWOFOLD[np.abs(TWOFOLD) > 4 / SIDE]))
    assert hole.share < 1
    assert hole.acceleration > 1000


def test_gradient_delays_and_few_samples_break_nothing() -> None:
    late = np.random.default_rng(0).normal(size=(151, 1)) / SIDE
    along = TWOFOLD + 0.5 * late
    angles = turned(151)
    path = along[..., None] * np.stack([np.cos(angles), np.sin(angles)], -1)[:, None]
    assert covered(path.astype(np.float32)).share > 0.995
    for count in (0, 1):
        found = covered(np.zeros((count, 2), np.float32))
        assert found.share < 0.5
        assert 1 < found.acceleration < 10


@pytest.mark.parametrize(("name", "most"), [("radial", 4.0), ("spiral", 60.0)])
def test_what_learned_transforms_were_trained_for_is_in_their_domain(name, most) -> None:
    assert 1 <= covered(encoding(name).positions, 64).acceleration <= most
