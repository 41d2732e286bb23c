"""SIGKILL at every step of publishing, and at random moments: no item lost, doubled or half-written."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from recon.batch.status import status
from recon.batch.verify import verify
from tests.batch.archives import FakeExecutor, published, run, write_nifti, write_series
from tests.batch.killed import STEPS

pytestmark = pytest.mark.service


def _killed(step: str, archive: Path, output: Path, log: Path) -> int:
    command = [sys.executable, "-m", "tests.batch.killed", step, str(archive), str(output), str(log)]
    return subprocess.run(command, capture_output=True, timeout=60).returncode


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    for index in range(3):
        write_series(tmp_path / "archive" / f"s{index}", 2)
    return tmp_path / "archive"


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_killed_at(step: str, when: str, archive: Path, tmp_path: Path) -> None:
    output, log = tmp_path / "out", tmp_path / "log"
    assert _killed(f"{when}:{step}:1", archive, output, log) == -signal.SIGKILL
    # what lies under a final name is whole, committed or not
    before = status(output)
    assert before["items"] == 3
    for name in published(output):
        assert (output / name / "report.json").exists()
        assert (output / name / "preview.png").exists()
        assert not (output / name / "half.bin").exists()
    there = set(published(output))
    second = FakeExecutor()
    after = run(archive, output, second)
    assert (after["done"], after["running"], after["pending"], after["exit_status"]) == (3, 0, 0, 0)
    # finished work is adopted: the service is asked for the rest only, once each
    assert sorted(second.calls) == sorted({"s0_1", "s1_1", "s2_1"} - there)
    found = verify(output)
    assert (found.checked, found.wrong, found.unknown) == (3, {}, [])
    assert not (output / ".attempts").exists() or not list((output / ".attempts").iterdir())
    assert not (output / ".untrusted").exists()


def test_killed_between_rename_and_commit_asks_nobody(tmp_path: Path) -> None:
    write_series(tmp_path / "archive" / "only")
    output = tmp_path / "out"
    assert _killed("before:commit:0", tmp_path / "archive", output, tmp_path / "log") == -signal.SIGKILL
    assert published(output) == ["only_1"]
    assert status(output)["running"] == 1
    second = FakeExecutor()
    assert run(tmp_path / "archive", output, second)["exit_status"] == 0
    assert second.calls == []


def test_a_truncated_result_under_the_final_name_is_not_trusted(tmp_path: Path) -> None:
    write_series(tmp_path / "archive" / "only")
    output = tmp_path / "out"
    _killed("before:commit:0", tmp_path / "archive", output, tmp_path / "log")
    picture = output / "only_1" / "preview.png"
    picture.write_bytes(picture.read_bytes()[:-5])
    second = FakeExecutor()
    assert run(tmp_path / "archive", output, second)["exit_status"] == 0
    assert second.calls == ["only_1"]
    assert verify(output).wrong == {}
    assert len(list((output / ".untrusted").iterdir())) == 1  # moved aside, not deleted


def test_a_foreign_folder_keeps_its_name(tmp_path: Path) -> None:
    write_series(tmp_path / "archive" / "only")
    planted = tmp_path / "out" / "only_1"
    planted.mkdir(parents=True)
    (planted / "report.json").write_text('{"status": "comp')
    run(tmp_path / "archive", tmp_path / "out")
    assert (planted / "report.json").read_text() == '{"status": "comp'
    found = verify(tmp_path / "out")
    assert (found.checked, found.wrong, found.unknown) == (1, {}, ["only_1"])


def test_killed_at_random_moments(tmp_path: Path) -> None:
    archive, output, log = tmp_path / "archive", tmp_path / "out", tmp_path / "log"
    for index in range(12):
        write_series(archive / f"s{index:02d}", 2)
    for index in range(4):
        write_nifti(archive / f"broken{index}.nii.gz", index)
        write_nifti(archive / f"reject{index}.nii.gz", 10 + index)
    (archive / "truncated.nii.gz").write_bytes((archive / "reject0.nii.gz").read_bytes()[:200])
    (archive / "notes.txt").write_text("not a scan")
    rng = random.Random(16)
    command = [sys.executable, "-m", "tests.batch.killed", "never", str(archive), str(output), str(log), "0.03"]
    for _ in range(20):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not (output / "ledger.sqlite").exists() and process.poll() is None:
            time.sleep(0.01)  # from here on any moment will do
        time.sleep(rng.uniform(0, 0.25))
        process.kill()
        process.wait()
        for name in published(output):
            assert (output / name / "manifest.json").exists()
    assert subprocess.run(command, timeout=60).returncode == 1
    found = status(output)
    assert {state: found[state] for state in ("done", "rejected", "failed", "skipped", "running", "pending")} == {
        "done": 12,
        "rejected": 4,
        "failed": 5,
        "skipped": 1,
        "running": 0,
        "pending": 0,
    }
    checked = verify(output)
    assert (checked.checked, checked.wrong, checked.unknown) == (16, {}, [])
    assert len(published(output)) == 16
    assert len(found["inputs"]) == 12 * 2 + 4 + 4 + 2
