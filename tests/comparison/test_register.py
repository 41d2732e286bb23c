"""A scan is laid over another."""

from __future__ import annotations

import numpy as np
import pytest

from recon.comparison.place import placed
from recon.comparison.register import Laid, registered
from recon.volumes import Geometry, Unit, Volume
from tests.tasks.contrast.phantom import head


def test_a_moved_head_is_moved_back() -> None:
    values = (300 * head()).astype(np.float32)
    here, there = Geometry(np.eye(4)), Geometry(np.eye(4))
    moved = np.roll(values, 3, axis=2)
    width = np.ones_like(values)
    laid = registered(Volume(values, here), Volume(moved, there), (width, width))
    assert laid.moved_mm == pytest.approx(3, abs=0.3)
    inside = np.s_[8:-8, 8:-8, 8:-8]
    assert np.nanmean(np.abs(laid.image - values)[inside]) < 0.3 * np.abs(moved - values)[inside].mean()


def _head(from_mm: float, noise: int, said_mm: float | None = None, slices: int = 30) -> Volume:
    """A slab of a noisy head that begins ``from_mm`` above its lowest slice, and what its header says of that."""
    rng, first = np.random.default_rng(noise), int(from_mm)
    values = 300 * head()[first : first + slices]
    place = np.eye(4)
    place[2, 3] = from_mm if said_mm is None else said_mm
    noisy = values + 15 * rng.standard_normal(values.shape)
    return Volume(noisy.astype(np.float32), Geometry(place), Unit.ARBITRARY)


def _laid(before: Volume, after: Volume) -> Laid:
    width = np.full(before.shape, 25, np.float32)
    return registered(before, after, (width, width))


@pytest.mark.parametrize("said_mm", [29, 200], ids=["next to no overlap", "no overlap"])
def test_another_zero_of_the_table_is_undone(said_mm: float) -> None:
    laid = _laid(_head(0, 1), _head(0, 2, said_mm))
    assert laid.by_image
    assert laid.moved_mm == pytest.approx(said_mm, abs=0.5)
    assert (laid.like.alike or 0.0) > 0.95
    assert laid.like.covered > 0.95


def test_a_higher_slab_of_the_same_head_stays_where_it_is_and_covers_a_part() -> None:
    laid = _laid(_head(0, 1), _head(15, 2))
    assert not laid.by_image
    assert laid.moved_mm < 0.5
    assert 0.4 < laid.like.covered < 0.65
    assert (laid.like.alike or 0.0) > 0.95


def test_what_does_not_meet_anywhere_is_told_and_no_error() -> None:
    laid = _laid(_head(0, 1, slices=20), _head(26, 2, slices=20))
    assert placed(laid, Unit.ARBITRARY).differences


def test_flat_scans_that_do_not_meet_are_not_brought_together() -> None:
    rng, far = np.random.default_rng(0), np.eye(4)
    far[2, 3] = 200
    one, other = (
        Volume((100 + rng.normal(0, 15, (10, 48, 48))).astype(np.float32), Geometry(place), Unit.ARBITRARY)
        for place in (np.eye(4), far)
    )
    assert "shows 0%" in placed(_laid(one, other), Unit.ARBITRARY).differences[0]
