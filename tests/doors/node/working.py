"""A node that works: by a rule for CT, and a service that says what a test wants."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pydicom
import pytest
from PIL import Image

from recon.io.output_folder import write_json
from tests.doors.node.nodes import Receiving


def ct_rule(tmp_path: Path, **more: Any) -> dict[str, Any]:
    return {
        "rules": [{"name": "ct", "when": {"modality": "CT"}, "task": "ct", "to": ["DISK"], **more}],
        "destinations": {name: {"folder": str(tmp_path / name)} for name in ("DISK", "SECOND")},
        "completion": {"quiet_s": 0.2},
    }


def made(node: Receiving) -> dict[str, list[pydicom.Dataset]]:
    found: dict[str, list[pydicom.Dataset]] = {}
    for row in node.rows("SELECT * FROM deliveries ORDER BY number"):
        found.setdefault(row["kind"], []).append(pydicom.dcmread(row["path"]))
    return found


class _Answering:
    """In the place of the service: the report that a test wants, what a verdict's says, or an error."""

    def __init__(self, answers: list[Any]) -> None:
        self.answers = answers

    def __call__(self, client: Any, job: Any, folder: Path, options: Any, on_slice: Any) -> dict[str, Any]:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, dict):
            return answer
        (folder / "image").mkdir()
        shutil.copy(job.files[0], folder / "image" / "0001.dcm")
        Image.new("RGB", (400, 100)).save(folder / "preview.png")
        check = {
            "name": "sharp",
            "value": 1.0,
            "lower_limit": 0.5,
            "upper_limit": None,
            "unit": "",
            "outcome": answer,
            "message": "is it sharp",
        }
        report = {
            "status": "complete",
            "verdict": answer,
            "checks": [check],
            "task": "ct",
            "disclaimer": "d",
            "model": {"name": "n", "version": "1", "sha256": "0" * 64},
            "problem": None,
        }
        write_json(folder / "report.json", report)
        return report


def answering(monkeypatch: pytest.MonkeyPatch, *answers: Any) -> None:
    monkeypatch.setattr("recon.doors.node.work.perform", _Answering(list(answers)))
