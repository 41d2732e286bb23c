"""What a case says of itself."""

from __future__ import annotations

from pathlib import Path

from recon.doors.view.case import read_case
from tests.doors.view.samples import ct_dicom


def test_a_report_without_a_verdict_is_no_good_one(tmp_path: Path) -> None:
    folder = ct_dicom(tmp_path / "results", "abdomen", slices=2)
    (folder / "report.json").write_text('{"software": "recon", "task": "ct"}')
    assert read_case(folder).verdict == "UNJUDGED"
