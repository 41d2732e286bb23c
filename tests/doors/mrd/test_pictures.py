"""A slice lies where its readouts lay, and says in words what is wrong with it."""

from __future__ import annotations

import numpy as np
import pytest

from recon.doors.mrd.pictures import IMAGE, Picture, place_of, said
from recon.doors.mrd.wire.layout import ACQUISITION_HEAD
from recon.quality.verdict import Check, Verdict
from recon.volumes import Geometry


def acquisition(**changes: object) -> np.void:
    head = np.zeros((), ACQUISITION_HEAD)
    head["read_dir"], head["phase_dir"], head["slice_dir"] = (1, 0, 0), (0, 1, 0), (0, 0, 1)
    head["position"] = (5, 6, 7)
    for name, value in changes.items():
        head[name] = value
    return head[()]


GEOMETRY = Geometry.from_spacing(2.0, 3.0, 4.0)


def test_a_slice_of_its_own_lies_where_its_readouts_say() -> None:
    place = place_of(acquisition(acquisition_time_stamp=99), GEOMETRY, (10, 8), 4.0, None)
    assert list(place["position"]) == [5, 6, 7]
    assert list(place["field_of_view"]) == [16, 30, 4]
    assert place["acquisition_time_stamp"] == 99
    assert list(place["slice_dir"]) == [0, 0, 1]


def test_a_slice_of_a_slab_lies_where_the_slab_has_it() -> None:
    place = place_of(acquisition(), GEOMETRY, (10, 8), 4.0, 3)
    assert list(place["position"]) == [8, 15, 12]  # of pixel n // 2
    assert place["slice"] == 3


def test_counters_are_kept_and_averages_are_one_image() -> None:
    head = np.zeros((), ACQUISITION_HEAD)
    head["idx"]["repetition"], head["idx"]["average"], head["idx"]["slice"] = 4, 2, 6
    place = place_of(head[()], GEOMETRY, (10, 8), 4.0, None)
    assert (place["repetition"], place["average"], place["slice"]) == (4, 0, 6)


def test_directions_that_disagree_with_the_stack_are_not_believed() -> None:
    told = acquisition(read_dir=(0, 1, 0), phase_dir=(1, 0, 0))
    place = place_of(told, GEOMETRY, (10, 8), 4.0, None)
    np.testing.assert_allclose(place["read_dir"], (1, 0, 0), atol=1e-6)
    np.testing.assert_allclose(place["slice_dir"], (0, 0, 1), atol=1e-6)


def test_a_slice_direction_that_is_none_is_the_normal() -> None:
    place = place_of(acquisition(slice_dir=(0, 0, 0)), GEOMETRY, (10, 8), 4.0, None)
    np.testing.assert_allclose(place["slice_dir"], (0, 0, 1), atol=1e-6)


@pytest.mark.parametrize(
    ("lower", "upper", "words"),
    [
        (None, None, "noise 3 HU: as it is"),
        (1.0, None, "noise 3 HU (at least 1): as it is"),
        (1.0, 2.0, "noise 3 HU (at least 1, at most 2): as it is"),
    ],
)
def test_a_check_is_said_with_its_limits(lower: float | None, upper: float | None, words: str) -> None:
    assert said(Check("noise", 3.0, lower, upper, "HU", Verdict.REVIEW, "as it is")) == words


def test_only_what_failed_is_said_of_a_picture() -> None:
    good = Check("sharp", 1.0, None, None, "", Verdict.PASS, "sharp")
    bad = Check("noise", 3.0, None, 2.0, "HU", Verdict.REVIEW, "too loud")
    plane = np.zeros((2, 2), np.float32)
    picture = Picture(IMAGE, "slice 1", acquisition(), plane, Verdict.REVIEW, [good, bad], notes=("a note",))
    assert picture.words == "REVIEW; noise 3 HU (at most 2): too loud; a note"
