"""Loops about the body receive as Biot and Savart say."""

from __future__ import annotations

import numpy as np
import pytest

from recon.physics.coil_sensitivity import coil_array, loop_field


def test_the_field_on_a_loops_axis() -> None:
    """B = 2 pi R^2 / (R^2 + z^2)^1.5 without mu0 / 4 pi, along the axis."""
    distances = np.array([0.0, 30.0, 80.0])
    points = np.stack([distances, 0 * distances, 0 * distances], -1)
    field = loop_field(points, np.zeros(3), np.array([1.0, 0, 0]), 50.0)
    np.testing.assert_allclose(np.abs(field), 2 * np.pi * 50.0**2 / (50.0**2 + distances**2) ** 1.5, rtol=0.02)


@pytest.mark.parametrize("coils", [2, 8, 32])
def test_an_array_covers_the_slice_and_each_coil_its_own_side(coils) -> None:
    maps = coil_array((60, 48), (240.0, 192.0), coils)
    assert maps.shape == (coils, 60, 48)
    total = np.sqrt((np.abs(maps) ** 2).sum(0))
    np.testing.assert_allclose(total, 1, atol=1e-5)
    brightest = {int(np.argmax(np.abs(m))) for m in maps}
    assert len(brightest) > coils // 4


def test_a_single_coil_is_uniform() -> None:
    assert (coil_array((8, 9), (1.0, 1.0), 1) == 1).all()
