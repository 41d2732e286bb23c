"""A data set and its file: what was put in front is found again, and damage is said."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from recon.doors.node.part10 import file_content, split
from recon.errors import UnreadableInput

WHOLE = file_content(str(CTImageStorage), "1.2.3", str(ExplicitVRLittleEndian), "CT1", "RECON", b"data")


def test_what_is_put_in_front_is_found_again() -> None:
    meta, start = split(WHOLE)
    assert WHOLE[start:] == b"data"
    assert (meta.MediaStorageSOPInstanceUID, meta.TransferSyntaxUID) == ("1.2.3", ExplicitVRLittleEndian)
    assert (meta.SourceApplicationEntityTitle, meta.ReceivingApplicationEntityTitle) == ("CT1", "RECON")
    nobody, _ = split(file_content(str(CTImageStorage), "1.2", str(ExplicitVRLittleEndian), "", "", b""))
    assert "SourceApplicationEntityTitle" not in nobody


def test_pydicom_reads_the_file(make_slice: Callable[..., Path]) -> None:
    content = make_slice().read_bytes()
    meta, start = split(content)
    again = file_content(
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID, meta.TransferSyntaxUID, "A", "B", content[start:]
    )
    ours, theirs = (pydicom.dcmread(io.BytesIO(one)) for one in (again, content))
    assert ours == theirs


@given(st.integers(0, len(WHOLE) - 5) | st.binary(max_size=200))
def test_a_cut_file_and_any_bytes_are_an_error_of_ours(damage: int | bytes) -> None:
    content = WHOLE[:damage] if isinstance(damage, int) else damage
    with pytest.raises(UnreadableInput, match="no DICOM file"):
        split(content)
