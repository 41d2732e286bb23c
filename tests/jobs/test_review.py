"""Scans of all tasks are found in one folder, and judged without being kept."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from recon.io.kspace.results import write_volume
from recon.jobs.review import jobs_in
from recon.tasks.job import Job
from recon.volumes import Geometry, Unit, Volume
from tests.conftest import body
from tests.tasks.contrast.phantom import scans, uptake


def write(values: np.ndarray, path: Path, unit: Unit = Unit.ARBITRARY) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    volume = Volume(values.astype(np.float32), Geometry.from_spacing(0.8, 0.8, 3.0), unit)
    write_volume(volume.values, volume.geometry, path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A pair of scans beside a CT volume."""
    pre, low = scans(uptake((48, 96, 80)))
    write(pre.values, tmp_path / "in" / "a_pre.nii.gz")
    write(low.values, tmp_path / "in" / "a_low.nii.gz")
    write(np.stack([body(160, 20, seed) for seed in range(3)]), tmp_path / "in" / "ct.nii.gz", Unit.HU)
    return tmp_path / "in"


def test_halves_of_a_pair_are_no_scans_of_their_own(folder: Path) -> None:
    found = list(jobs_in([folder]))
    assert all(isinstance(job, Job) for job in found)
    assert [(job.task, job.name) for job in found if isinstance(job, Job)] == [("contrast", "a_pre"), ("ct", "ct")]


def test_a_half_alone_is_no_pair(folder: Path) -> None:
    (folder / "a_low.nii.gz").unlink()
    assert {job.task for job in jobs_in([folder]) if isinstance(job, Job)} == {"ct"}


def test_the_command_says_which_checks_alarm_and_which_find(folder: Path, service: str, tmp_path: Path) -> None:
    lost = np.stack([body(160, 20, seed) + 1024 for seed in range(3)])  # a rescale that got lost
    write(lost, tmp_path / "wrong" / "lost.nii.gz", Unit.HU)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "recon.cli",
            "quality",
            "rate",
            str(folder),
            "--wrong",
            str(tmp_path / "wrong"),
            "--server",
            service,
            "--json",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(done.stdout)
    rates = {rate["task"]: rate for rate in found["tasks"]}
    assert rates["ct"]["verdicts"]["PASS"] == 1, done.stderr
    assert (rates["ct"]["wrong"], rates["ct"]["wrong_passed"]) == (1, 0)
    assert rates["contrast"]["honest"] == 1
    checks = {(rate["task"], rate["check"]): rate for rate in found["checks"]}
    assert checks["ct", "hu_plausible"]["found"] == 1
    assert checks["ct", "hu_plausible"]["alarms"] == 0
    assert done.returncode == int(not all(rate["enough"] for rate in rates.values()))
