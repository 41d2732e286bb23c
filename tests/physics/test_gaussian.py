"""Smoothing by bands of a matrix is SciPy's smoothing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from recon.physics.gaussian import bands, gaussian, gaussian_at, kernel, matrix


@pytest.mark.parametrize("shape", [(70, 33), (20, 65, 40), (3, 5, 4)])
@pytest.mark.parametrize("sigma", [0.7, 2.0, 6.0])
def test_it_is_scipys_to_single_precision(shape: tuple[int, ...], sigma: float) -> None:
    values = np.random.default_rng(0).normal(1, 1, shape).astype(np.float32)
    found = gaussian(values, sigma, truncate=3.0)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, gaussian_filter(values, sigma, truncate=3.0), atol=3e-6)


def test_every_axis_has_its_own_width_and_may_be_left_alone() -> None:
    values = np.random.default_rng(1).normal(0, 1, (12, 40, 50)).astype(np.float32)
    np.testing.assert_allclose(gaussian(values, (0, 1.0, 2.5)), gaussian_filter(values, (0, 1.0, 2.5)), atol=3e-6)
    few = gaussian_at(values, (0.5, 1.0, 2.5), (1, 2, 3))
    np.testing.assert_allclose(few, gaussian_filter(values, (0.5, 1.0, 2.5))[:, ::2, ::3], atol=3e-6)


def test_the_last_value_is_repeated_where_that_is_asked_for() -> None:
    whole = matrix(30, kernel(2.0, 3.0), "nearest")
    values = np.random.default_rng(2).normal(0, 1, 30)
    np.testing.assert_allclose(whole @ values, gaussian_filter(values, 2.0, truncate=3.0, mode="nearest"), atol=1e-12)
    tiles = bands(whole)
    assert sum(part.size for _, _, part in tiles) <= whole.size
    np.testing.assert_allclose(tiles[0][2], whole, atol=1e-7)


def test_tiles_leave_out_what_is_zero() -> None:
    tiles = bands(matrix(512, kernel(1.0)))
    assert [row for made, _, _ in tiles for row in range(made.start, made.stop)] == list(range(512))
    assert sum(part.size for _, _, part in tiles) < 0.15 * 512 * 512
