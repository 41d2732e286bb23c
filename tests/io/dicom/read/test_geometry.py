"""Where slices lie: affine, tilt, gaps, changes of spacing, slices aside."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.io.dicom.read.geometry import geometry_of, spacing_notes, tilt_of
from recon.quality.verdict import Verdict
from tests.io.dicom.read.records import record


def values(places: list[float]) -> dict[str, float]:
    _, checks = spacing_notes([record(z) for z in places])
    return {check.name: check.value for check in checks}


def test_the_affine_maps_pixels_to_the_patient() -> None:
    geometry = geometry_of([record(z, x=-50.0, y=-60.0) for z in (10.0, 13.0, 16.0)])
    np.testing.assert_allclose(geometry.affine @ [2, 3, 1, 1], (-50 + 2 * 0.7, -60 + 3 * 0.8, 13, 1))
    assert geometry.impossible == ""


def test_a_single_slice_is_as_thick_as_it_says_and_never_flat() -> None:
    assert geometry_of([record(5.0)]).spacing == pytest.approx((0.7, 0.8, 3.0))
    assert geometry_of([record(5.0, thickness=0.0)]).spacing[2] == 1.0
    assert geometry_of([record(5.0), record(5.0)]).spacing[2] == 3.0


@given(st.floats(0.1, 10), st.integers(3, 12), st.floats(-0.04, 0.04))
def test_an_even_series_is_even_although_its_places_are_rounded(step: float, count: int, error: float) -> None:
    places = [round(step * number + error * step * (number % 2), 4) for number in range(count)]
    assert values(places) == {"series_gaps": 0.0, "spacing_changes": 0.0}


@given(st.integers(3, 10), st.integers(3, 10), st.integers(1, 5))
def test_missing_slices_are_counted_and_placed(before: int, after: int, missing: int) -> None:
    places = [3.0 * number for number in range(before)]
    places += [places[-1] + 3.0 * (missing + 1) + 3.0 * number for number in range(after)]
    notes, checks = spacing_notes([record(z) for z in places])
    assert notes == [f"slices missing: {missing} between {places[before - 1]:.1f} and {places[before]:.1f} mm"]
    assert {check.name: check.outcome for check in checks}["series_gaps"] is not Verdict.PASS


def test_another_spacing_from_some_slice_on_is_a_change_and_no_gap() -> None:
    found = values([0, 1, 2, 3, 4, 5, 10, 15, 20])
    assert found["series_gaps"] == 0
    assert found["spacing_changes"] > 0


def test_a_slice_aside_of_the_others_is_counted_and_a_tilt_is_none() -> None:
    straight = [record(3.0 * n, x=5.0 if n == 4 else 0.0) for n in range(9)]
    notes, checks = spacing_notes(straight)
    assert "1 slices lie aside" in notes[0]
    assert checks[1].value == 1
    tilted = [record(3.0 * n, y=3.0 * n * np.tan(np.radians(15))) for n in range(9)]
    notes, checks = spacing_notes(tilted)
    assert notes == ["gantry tilt of 15.0 degrees"]
    assert all(check.outcome is Verdict.PASS for check in checks)
    assert tilt_of(tilted) == pytest.approx(15)
    assert tilt_of(tilted[:1]) == 0
