"""k-space with its counts: a zero that was measured is a sample, one that was not is none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.values.readouts import Readouts


def kspace(coils: int = 2, samples: int = 5, lines: int = 4) -> np.ndarray:
    rng = np.random.default_rng(0)
    shape = coils, samples, lines
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(np.complex64)


@given(st.integers(1, 3), st.integers(1, 5), st.integers(1, 5))
def test_the_grid_is_what_it_was_made_of(coils: int, samples: int, lines: int) -> None:
    values = kspace(coils, samples, lines)
    readouts = Readouts.of_grid(values)
    assert readouts.samples.shape == (lines, coils, samples)
    assert readouts.mask.all()
    np.testing.assert_array_equal(readouts.grid, values)


def test_only_the_mask_tells_what_was_measured() -> None:
    values = kspace()
    values[:, 2, 1] = 0  # measured, and zero
    mask = np.ones((5, 4), bool)
    mask[:, 3] = False
    readouts = Readouts.of_grid(values, mask)
    assert readouts.mask[1, 2]
    assert not readouts.mask[3].any()
    assert not readouts.samples[3].any()
    np.testing.assert_array_equal(readouts.grid[..., :3], values[..., :3])


def test_averages_lower_the_noise_of_what_was_measured() -> None:
    samples = np.zeros((2, 1, 2), np.complex64)
    assert Readouts(samples, np.array([[4, 4], [0, 0]], np.uint16)).averaged == pytest.approx(0.5)
    assert Readouts(samples, np.zeros((2, 2), np.uint16)).averaged == 1.0


def test_coils_are_left_out() -> None:
    readouts = Readouts.of_grid(kspace(3))
    np.testing.assert_array_equal(readouts.without(np.array([True, False, False])).grid, readouts.grid[1:])
    assert readouts.without(np.zeros(3, bool)) is readouts


def test_shapes_that_do_not_belong_together_are_refused() -> None:
    samples = np.zeros((4, 2, 5), np.complex64)
    with pytest.raises(ValueError, match="4 lines of 5 samples"):
        Readouts(samples, np.ones((5, 4), np.uint16))
    with pytest.raises(ValueError, match="two numbers"):
        Readouts(samples, np.ones((4, 5), np.uint16), np.zeros((4, 5, 3), np.float32))
