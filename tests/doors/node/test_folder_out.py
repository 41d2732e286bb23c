"""A folder has an object whole or not at all, under names that tell nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from recon.doors.node.facts import pseudonym
from recon.doors.node.folder_out import deliver
from recon.doors.node.outbox import Parcel
from recon.doors.node.outcome import Meaning
from recon.errors import ServiceUnavailable


def parcel(path: Path, number: int = 1) -> Parcel:
    return Parcel(number, "1.2.3", "1.2.3.4", f"1.2.3.4.{number}", "1.2.840.10008.5.1.4.1.1.2", "1.2.840", path, 0)


def test_objects_are_copied_and_one_that_is_gone_is_refused(tmp_path: Path) -> None:
    there = tmp_path / "there.dcm"
    there.write_bytes(b"an object")
    given = [parcel(there, 1), parcel(tmp_path / "gone.dcm", 2)]
    (_, sent), (_, refused) = deliver(tmp_path / "out", given)
    assert sent.meaning is Meaning.SENT
    assert refused.meaning is Meaning.REFUSED
    (only,) = (path for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert only.read_bytes() == b"an object"
    names = only.relative_to(tmp_path / "out").parts
    assert names == (pseudonym("1.2.3"), pseudonym("1.2.3.4"), pseudonym("1.2.3.4.1") + ".dcm")


def test_a_folder_that_can_not_be_written_is_away(tmp_path: Path) -> None:
    there = tmp_path / "there.dcm"
    there.write_bytes(b"an object")
    (tmp_path / "out").write_text("a file in its place")
    with pytest.raises(ServiceUnavailable):
        list(deliver(tmp_path / "out", [parcel(there)]))
