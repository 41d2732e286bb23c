"""The page of a run."""

from __future__ import annotations

from pathlib import Path

from recon.batch.report import write_report
from tests.batch.archives import FakeExecutor, report_of, run, write_nifti


def test_the_report_needs_nothing_from_outside(tmp_path: Path) -> None:
    for index in range(12):
        write_nifti(tmp_path / "a" / f"n{index:02d}.nii", seed=index)
    run(
        tmp_path / "a",
        tmp_path / "out",
        FakeExecutor(lambda item, call: report_of(item, verdict="REVIEW" if item.name == "n07" else "PASS")),
    )
    page = write_report(tmp_path / "out").read_text()
    assert "http" not in page
    assert "<script" not in page
    assert page.count("data:image/jpeg") == 12
    assert page.index(">n07</h3>") < page.index(">n00</h3>")  # outliers first
    assert "noise level, in the order of the archive" in page
