"""What the node reads of a header, and that nothing a header holds can stop it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.doors.node.facts import Facts, ObjectHeader, header_of, pseudonym, read_header
from recon.errors import UnreadableInput

MakeSlice = Callable[..., Path]


def looked_at(path: Path) -> ObjectHeader:
    return header_of(path.read_bytes(), "CT1", "RECON")


def test_what_rules_ask_is_in_the_header(make_slice: MakeSlice) -> None:
    found = looked_at(make_slice(CTDIvol=3.25, ProtocolName="Chest", StudyInstanceUID="1.2.3"))
    assert (found.study, found.sop_class) == ("1.2.3", "1.2.840.10008.5.1.4.1.1.2")
    facts = found.facts
    assert (facts.calling, facts.called, facts.modality) == ("CT1", "RECON", "CT")
    assert (facts.description, facts.protocol, facts.ctdi_mgy) == ("ABDOMEN", "Chest", 3.25)
    assert facts.kernel == ""
    assert Facts.from_json(facts.to_json()) == facts


@pytest.mark.parametrize(
    ("announced", "expected"),
    [
        ({}, None),
        ({"NumberOfSeriesRelatedInstances": 12}, 12),
        ({"NumberOfSeriesRelatedInstances": 0}, None),
        ({"NumberOfTemporalPositions": 3, "NumberOfSlices": 20}, 60),
        ({"NumberOfSlices": 20}, None),
    ],
)
def test_how_many_instances_a_series_has(
    make_slice: MakeSlice, announced: dict[str, int], expected: int | None
) -> None:
    assert looked_at(make_slice(**announced)).expected == expected


@given(st.binary(max_size=300))
def test_whatever_comes_is_looked_at(content: bytes) -> None:
    for bytes_ in (content, bytes(128) + b"DICM" + content):
        found = header_of(bytes_, "CT1", "RECON")
        assert (found.facts.calling, found.facts.called) == ("CT1", "RECON")


def test_a_file_that_is_no_dicom_is_named(tmp_path: Path, make_slice: MakeSlice) -> None:
    assert read_header(make_slice(), calling="MR1").facts.calling == "MR1"
    (tmp_path / "words").write_text("words")
    for name, words in (("words", "no DICOM file"), ("absent", "No such file")):
        with pytest.raises(UnreadableInput, match=f"{name}: {words}"):
            read_header(tmp_path / name)


def test_a_pseudonym_is_the_same_every_time_and_tells_nothing() -> None:
    one, other = pseudonym("1.2.3.4"), pseudonym("1.2.3.5")
    assert one == pseudonym("1.2.3.4") != other
    assert len(one) == 16
    assert "1.2.3" not in one
