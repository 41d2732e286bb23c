"""However a file keeps its axes, slices are shown as radiologists look at them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from recon.doors.view.stack import Layout, layout_of, shown_affine

SHAPE = (6, 5, 4)


def test_a_file_that_says_nothing_is_shown_as_it_lies() -> None:
    layout = layout_of(None, SHAPE, 2)
    assert layout.axes == (2, 1, 0)
    assert layout.edges == ("", "", "", "")


def test_an_axial_slice_is_seen_from_the_feet() -> None:
    layout = layout_of(np.diag([0.7, 0.8, 3.0, 1.0]), SHAPE, 2)  # to the right, to the front, to the head
    assert layout.edges == ("R", "L", "A", "P")
    assert (layout.flip_columns, layout.flip_rows) == (True, True)
    np.testing.assert_allclose(layout.spacing, (3.0, 0.8, 0.7))


@pytest.mark.parametrize("slice_axis", [0, 1, 2])
@pytest.mark.parametrize("signs", list(itertools.product([-1, 1], repeat=3)))
def test_the_patients_right_is_at_the_left_and_feet_are_below(signs: tuple[int, ...], slice_axis: int) -> None:
    layout = layout_of(np.diag([*signs, 1.0]), SHAPE, slice_axis)
    left, right, top, bottom = layout.edges
    assert (left, right) == (("A", "P") if slice_axis == 0 else ("R", "L"))
    assert (top, bottom) == (("A", "P") if slice_axis == 2 else ("S", "I"))


@pytest.mark.parametrize("signs", list(itertools.product([-1, 1], repeat=3)))
def test_a_place_on_the_screen_is_the_place_in_the_patient(signs: tuple[int, ...]) -> None:
    affine = np.diag([0.7 * signs[0], 0.8 * signs[1], 3.0 * signs[2], 1.0])
    affine[:3, 3] = (10, -20, 30)
    layout = layout_of(affine, SHAPE, 2)
    slices, rows, columns = (SHAPE[axis] for axis in layout.axes)
    shown = shown_affine(affine, layout, (slices, rows, columns))
    values = np.arange(np.prod(SHAPE)).reshape(SHAPE)
    turned = layout.turned(np.moveaxis(values, layout.axes, (0, 1, 2))[1])
    for row, column in ((0, 0), (2, 3), (rows - 1, columns - 1)):
        x, y, z = np.unravel_index(int(turned[row, column]), SHAPE)
        np.testing.assert_allclose(shown @ (column, row, 1, 1), affine @ (x, y, z, 1), atol=1e-9)


def test_turning_copies_and_keeps_values() -> None:
    plane = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(Layout(flip_rows=True, flip_columns=True).turned(plane), plane[::-1, ::-1])
    assert Layout().turned(plane).dtype == np.float32
