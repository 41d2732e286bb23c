"""The verdict as a report that others read."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.doors.node.nodes import Receiving, peer
from tests.doors.node.working import made

Start = Callable[..., Receiving]


@pytest.mark.service
def test_the_verdict_is_a_report_that_others_read(worked: Receiving, tmp_path: Path) -> None:
    """TID 1500, read back by its content and judged by dciodvfy."""
    objects = made(worked)
    (job,) = worked.rows("SELECT * FROM jobs")
    report = objects["verdict"][0]
    assert report.Modality == "SR"
    words = str(report.ContentSequence)
    checks = json.loads(
        (Path(worked.rows("SELECT path FROM deliveries")[0]["path"]).parents[1] / "report.json").read_text()
    )
    for check in checks["checks"]:
        assert words.count(check["name"]) >= 1 + (check["value"] is not None)
    assert f"'{job['verdict']}'" in words
    referenced = {
        item.ReferencedSOPInstanceUID
        for study in report.CurrentRequestedProcedureEvidenceSequence
        for series in study.ReferencedSeriesSequence
        for item in series.ReferencedSOPSequence
    }
    assert referenced == {image.SOPInstanceUID for image in objects["image"]}
    for kind in ("verdict", "page"):
        path = tmp_path / f"{kind}.dcm"
        objects[kind][0].save_as(path)
        done = subprocess.run([peer("dciodvfy"), str(path)], capture_output=True, text=True, check=False)
        # the source of this test has a study UID with a component too many; what is ours has no fault
        faults = [line for line in done.stderr.splitlines() if line.startswith("Error") and "StudyInstance" not in line]
        assert faults == []
