"""How many slices lie at one place; a copy of a file is no slice of its own."""

from __future__ import annotations

from recon.io.dicom.read.group import multiplicity, places, repeats
from tests.io.dicom.read.records import record


def test_slices_at_one_place_share_its_number_whatever_their_order() -> None:
    assert list(places([record(6), record(0), record(3), record(0.005)])) == [2, 0, 1, 0]


def test_copies_of_one_instance_do_not_repeat_it() -> None:
    copies = [record(0, instance="a"), record(0, instance="a"), record(3, instance="b")]
    assert repeats(copies) == 0
    assert repeats([*copies, record(3, instance="c")]) == 1
    assert multiplicity(copies) == 2


def test_slices_without_an_instance_uid_are_slices_of_their_own() -> None:
    assert repeats([record(0, instance=""), record(0, instance="")]) == 1
