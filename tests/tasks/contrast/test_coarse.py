"""Blocks of a scan, and what is left of a mask."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import binary_erosion

from recon.tasks.contrast.coarse import eroded, inside, shrink, slope, some


@pytest.mark.parametrize("steps", [(1, 2, 2), (2, 2, 2), (3, 1, 4), (1, 1, 1)])
def test_blocks_are_means(steps: tuple[int, int, int]) -> None:
    volume = np.random.default_rng(0).normal(5, 1, (13, 22, 19)).astype(np.float32)
    sides = [side // step for side, step in zip(volume.shape, steps, strict=True)]
    cut = volume[tuple(slice(0, side * step) for side, step in zip(sides, steps, strict=True))]
    apart = cut.reshape([part for pair in zip(sides, steps, strict=True) for part in pair])
    found = shrink(volume, steps)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, apart.mean(axis=(1, 3, 5)), rtol=1e-5)


@pytest.mark.parametrize("iterations", [1, 2, 3])
def test_erosion_is_scipys(iterations: int) -> None:
    mask = np.random.default_rng(1).uniform(size=(14, 15, 16)) > 0.02
    np.testing.assert_array_equal(eroded(mask, iterations), binary_erosion(mask, iterations=iterations))


def test_places_are_few_and_in_the_mask() -> None:
    mask = np.zeros((6, 7, 8), bool)
    mask[1:5, 2:6, 3:7] = True
    found = some(mask, 10)
    assert 6 <= len(found) <= 10
    assert mask.reshape(-1)[found].all()
    assert len(some(np.zeros((3, 3, 3), bool), 10)) == 0


def test_slopes_are_those_of_the_volume() -> None:
    volume = np.random.default_rng(2).normal(0, 1, (6, 7, 8)).astype(np.float32)
    places = some(inside(np.ones(volume.shape, bool)), 1000)
    found = slope(volume.reshape(-1), places, volume.shape)
    for axis, part in enumerate(np.gradient(volume)):
        np.testing.assert_allclose(found[axis], part.reshape(-1)[places], rtol=1e-5, atol=1e-6)
