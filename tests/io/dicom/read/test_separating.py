"""Scans at the same places are told apart by the first attribute that does, and called ambiguous where none does."""

from __future__ import annotations

from typing import Any

import pytest

from recon.io.dicom.read.group import Group
from recon.io.dicom.read.records import SliceRecord
from recon.io.dicom.read.separating import separate
from tests.io.dicom.read.records import record


def two_scans(**different: tuple[Any, Any]) -> list[SliceRecord]:
    return [
        record(3.0 * n, instance=f"{which}.{n}", **{name: pair[which] for name, pair in different.items()})
        for n in range(4)
        for which in (0, 1)
    ]


@pytest.mark.parametrize(
    ("words", "different"),
    [
        ("acquisition number", {"acquisition": ("1", "2")}),
        ("temporal position", {"phase": ("10", "20")}),
        ("stack", {"stack": ("a", "b")}),
        ("image type", {"kind": ("M", "MAGIC")}),
        ("settings", {"settings": ("echo 1", "echo 2")}),
        ("slice thickness", {"thickness": (3.0, 5.0)}),
        ("time", {"time_s": (100.0, 500.0)}),
    ],
)
def test_the_attribute_that_differs_tells_them_apart(words: str, different: dict[str, tuple[Any, Any]]) -> None:
    groups = separate(Group(two_scans(**different)))
    assert [len(group.records) for group in groups] == [4, 4]
    for group in groups:
        assert not group.ambiguous
        assert group.part.startswith(words)
        assert "holds 2 scans" in group.notes[0]
        along = [one.source.position[2] for one in group.records]
        assert along == sorted(along)


def test_what_nothing_tells_apart_is_ambiguous() -> None:
    (group,) = separate(Group(two_scans()))
    assert group.ambiguous
    assert group.part == ""


def test_slices_at_places_of_their_own_stay_together() -> None:
    (group,) = separate(Group([record(3.0 * n, settings=str(n)) for n in (2, 0, 1)]))
    assert not group.ambiguous
    assert [one.source.position[2] for one in group.records] == [0.0, 3.0, 6.0]


def test_scans_that_interleave_are_told_apart_and_those_that_follow_each_other_are_one() -> None:
    interleaved = [record(1.5 * n, acquisition=str(1 + n % 2)) for n in range(8)]
    assert len(separate(Group(interleaved))) == 2
    following = [record(3.0 * n, acquisition=str(1 + n // 4)) for n in range(8)]
    assert len(separate(Group(following))) == 1
