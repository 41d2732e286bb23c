"""Sampling patterns keep what they promise, and the calibration region is found in each of them."""

from __future__ import annotations

import numpy as np
import pytest

from recon.physics import sampling


@pytest.mark.parametrize("acceleration", [2, 4, 8])
def test_equispaced_columns_and_their_calibration(acceleration) -> None:
    mask = sampling.equispaced(180, acceleration, 24)
    assert mask[::acceleration].all()
    assert mask.sum() == pytest.approx(180 / acceleration + 24 * (1 - 1 / acceleration), abs=1.5)
    height, width = sampling.calibration_size(np.broadcast_to(mask, (230, 180)))
    assert height == 230
    assert 24 <= width <= 24 + 2 * acceleration


def test_random_columns_reach_the_acceleration() -> None:
    rng = np.random.default_rng(0)
    counts = [sampling.random_columns(256, 4.0, 24, rng).sum() for _ in range(50)]
    assert np.mean(counts) == pytest.approx(64, rel=0.05)


@pytest.mark.parametrize("length", [64, 65])
def test_central_is_about_the_zero_frequency(length) -> None:
    mask = sampling.central(length, 8)
    assert mask.sum() == 8
    assert mask[length // 2]
    assert not mask[length // 2 + 4]


def test_partial_fourier_keeps_its_fraction_and_the_centre() -> None:
    mask = sampling.partial_fourier(200, 0.75)
    assert mask.sum() == 150
    assert mask[100]


def test_calibration_square_of_a_sparse_mask() -> None:
    mask = np.random.default_rng(0).random((128, 96)) < 0.1
    mask |= np.outer(sampling.central(128, 24), sampling.central(96, 24))
    height, width = sampling.calibration_size(mask)
    assert 24 <= height <= 26
    assert 24 <= width <= 26


def test_no_calibration_is_said_to_be_small() -> None:
    assert min(sampling.calibration_size(np.eye(64, dtype=bool))) <= 2


def test_a_pattern_is_known_by_its_mask() -> None:
    rng = np.random.default_rng(1)
    shape = (96, 120)
    for offset in range(3):
        for columns in (sampling.equispaced(120, 3, 20, offset), sampling.equispaced(120, 8, 24, offset)):
            mask = np.broadcast_to(columns, shape)
            assert sampling.pattern_of(mask) == "regular lines"
            assert sampling.pattern_of(mask.T) == "regular lines"
            part = columns & (sampling.partial_fourier(120, 0.65) | sampling.central(120, 24))
            assert sampling.pattern_of(np.broadcast_to(part, shape)) == "regular lines"
    drawn = np.broadcast_to(sampling.random_columns(120, 3.0, 20, rng), shape)
    assert sampling.pattern_of(drawn) == "random lines"
    scattered = rng.random(shape) < 0.3
    assert sampling.pattern_of(scattered) == "plane"
    assert sampling.pattern_of(np.ones(shape, bool)) == "regular lines"


def with_references(columns: np.ndarray, rows: np.ndarray, height: int) -> np.ndarray:
    """Whole columns, and between them the centre's, of these rows alone."""
    return np.broadcast_to(columns, (height, len(columns))) | np.outer(rows, sampling.central(len(columns), 24))


@pytest.mark.parametrize("every", [2, 6])
def test_lines_that_do_not_reach_from_edge_to_edge_are_no_pattern_in_the_plane(every) -> None:
    height, width = 96, 120
    columns = sampling.equispaced(width, every, 24)
    drawn = sampling.random_columns(width, min(every, 3), 20, np.random.default_rng(2))
    echo, middle = sampling.partial_fourier(height, 0.8), sampling.central(height, 80)
    partial = sampling.partial_fourier(width, 0.7)
    for mask in (
        np.outer(echo, columns),
        np.outer(echo[::-1], drawn),
        np.outer(middle, columns),  # a larger matrix than was acquired
        np.outer(echo, partial),  # a half echo of half the lines
        with_references(sampling.equispaced(width, every, 0), sampling.central(height, 40), height),
    ):
        assert sampling.pattern_of(mask) == "short lines"
        assert sampling.pattern_of(mask.T) == "short lines"
        mask[np.random.default_rng(3).random(mask.shape) < 0.01] = False  # a few samples lost
        assert sampling.pattern_of(mask) == "short lines"


def test_a_lost_sample_leaves_lines_what_they_are() -> None:
    mask = np.broadcast_to(sampling.equispaced(120, 4, 24), (96, 120)).copy()
    mask[5, 0] = mask[40, 60] = False
    assert sampling.pattern_of(mask) == sampling.pattern_of(mask.T) == "regular lines"


def test_a_grid_is_told_from_a_pattern_that_meets_every_line() -> None:
    centre = np.outer(sampling.central(96, 24), sampling.central(120, 24))
    for rows, columns in ((2, 2), (2, 3), (1, 3)):
        mask = np.outer(sampling.equispaced(96, rows, 0), sampling.equispaced(120, columns, 0)) | centre
        assert sampling.pattern_of(mask) == ("short lines" if rows == 1 else "grid")
    disc = (
        np.hypot(*np.meshgrid(np.linspace(-1, 1, 120), np.linspace(-1, 1, 96))) < 0.9
    )  # its outermost lines are empty
    scattered = (np.random.default_rng(4).random((96, 120)) < 0.15) & disc
    assert sampling.pattern_of(scattered | centre) == "plane"


def test_the_block_about_zero_frequency_need_not_be_centred() -> None:
    mask = np.zeros((64, 48), bool)
    mask[32:, ::3] = True  # a half echo, every third line
    mask[32:, 14:34] = True
    rows, columns = sampling.calibration_block(mask)
    assert (rows, columns) == (slice(32, 64), slice(14, 34))
    assert min(sampling.calibration_size(mask)) == 1
    rows, columns = sampling.calibration_block(~mask)
    assert rows.stop == rows.start
