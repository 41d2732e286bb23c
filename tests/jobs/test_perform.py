"""One job into one folder: what is written, and what is kept when the service fails in the middle."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from recon.errors import ServiceUnavailable
from recon.jobs import perform
from recon.quality.interval import calibrated
from recon.quality.verdict import Verdict, measure
from recon.values.result import ImageSlice, ModelIdentity
from tests.toy import ToyJob, ToyOptions

CHECK = measure("level", 1.0, unit="", message="mean", action="look")


class _Run:
    """Slices until the service is gone."""

    report = None
    checks = (CHECK,)
    declared_checks = ("level",)

    def __init__(self, slices: int, failing: bool) -> None:
        self.model = ModelIdentity("multiply", "1", "ab" * 32, "0", calibrated(1.0))
        self._slices, self._failing = slices, failing
        self.verdict = Verdict.REVIEW if failing else Verdict.PASS
        self.cancelled = False

    def __iter__(self) -> Iterator[ImageSlice]:
        for index in range(self._slices):
            plane = np.full((24, 20), float(index + 1), np.float32)
            yield ImageSlice(index, plane, plane, Verdict.PASS, [CHECK])
        if self._failing:
            raise ServiceUnavailable("gone")

    def cancel(self) -> None:
        self.cancelled = True


def _job(folder: Path) -> ToyJob:
    path = folder / "wave.nii.gz"
    nib.save(nib.Nifti1Image(np.ones((20, 24, 3), np.float32), np.eye(4)), path)
    return ToyJob("wave", str(path), [path])


def _perform(folder: Path, run: _Run) -> dict[str, Any]:
    sent: list[str] = []
    client: Any = SimpleNamespace(send=lambda task, *_: sent.append(task) or run)
    (folder / "out").mkdir()
    report = perform(client, _job(folder), folder / "out", ToyOptions(factor=2.0))
    assert sent == ["toy"]
    return report


def test_a_whole_series_is_written_with_its_report(tmp_path: Path) -> None:
    report = _perform(tmp_path, _Run(3, failing=False))
    assert report == json.loads((tmp_path / "out" / "report.json").read_text())
    assert (report["status"], report["slices"]["missing"], report["task"]) == ("complete", [], "toy")
    assert report["parameters"] == {"factor": 2.0}
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"image.nii.gz", "preview.png", "report.json"}


def test_slices_that_came_are_kept_and_the_others_named(tmp_path: Path) -> None:
    report = _perform(tmp_path, _Run(2, failing=True))
    assert (report["status"], report["slices"]["missing"], report["problem"]) == ("incomplete", [2], "gone")
    assert report["verdict"] != "PASS"
    image = nib.load(tmp_path / "out" / "image.nii.gz").get_fdata()
    assert np.isfinite(image[..., :2]).all()
    assert np.isnan(image[..., 2]).all()


def test_without_a_slice_there_is_no_result(tmp_path: Path) -> None:
    with pytest.raises(ServiceUnavailable, match="gone"):
        _perform(tmp_path, _Run(0, failing=True))
    assert not list((tmp_path / "out").iterdir())
