"""What the commands of all tasks have in common: sources stay, one bad input costs no other, JSON is JSON."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pytest

from recon.cli import work
from recon.cli.main import main
from recon.errors import ServiceUnavailable, UnreadableInput
from recon.jobs import Problem
from recon.tasks.ct.inputs import CtVolumeJob
from recon.tasks.ct.options import CtOptions
from recon.tasks.names import distinct, name_of
from tests.conftest import body

MakeSlice = Callable[..., Path]


def recon(*words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-m", "recon.cli", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
        cwd=cwd,
        env=environment,
    )


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def nifti(path: Path, slices: int = 2) -> Path:
    stack = np.stack([body(128, 20, seed) for seed in range(slices)], axis=-1)
    nib.save(nib.Nifti1Image(np.rint(stack).astype(np.int16), np.diag([0.7, 0.7, 3.0, 1.0])), path)
    return path


def test_results_into_the_folder_of_the_source_leave_it_as_it_was(
    service: str, make_slice: MakeSlice, tmp_path: Path
) -> None:
    """``recon ct SERIES -o .`` where SERIES lies: the name is taken, by the source."""
    for index in range(3):
        series = make_slice(f"{index}.dcm", z=3.0 * index, seed=index).parent
    before = hashes(series)
    done = recon("ct", "series", "-o", ".", "--server", service, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert hashes(series) == before
    assert (tmp_path / "series_recon" / "report.json").exists()
    assert "stays as it is" in done.stderr
    again = recon("ct", "series", "-o", ".", "--server", service, cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert hashes(series) == before


def test_own_results_inside_the_input_are_no_input(service: str, make_slice: MakeSlice, tmp_path: Path) -> None:
    folder = make_slice("0.dcm").parent
    nifti(folder / "b.nii.gz")
    for _ in range(2):
        done = recon("ct", folder, "-o", folder / "out", "--server", service, "--json")
        assert done.returncode == 0, done.stderr
        assert len(json.loads(done.stdout)["results"]) == 2
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["b", "series"]


def test_one_bad_input_never_costs_another(service: str, tmp_path: Path) -> None:
    good, bad = nifti(tmp_path / "good.nii.gz"), tmp_path / "bad.nii.gz"
    bad.write_bytes(good.read_bytes()[:200])
    done = recon("ct", bad, tmp_path / "absent", good, "-o", tmp_path / "out", "--server", service, "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert sorted(result["status"] for result in found["results"]) == ["complete", "failed", "failed"]
    assert "Traceback" not in done.stderr
    assert len([line for line in done.stderr.splitlines() if line.startswith("recon: ")]) == 2


@pytest.mark.parametrize(
    "words",
    [
        ("ct", "absent", "-o", "out"),
        ("mr", "absent.h5", "-o", "out"),
        ("ct", ".", "-o", "out", "--tls-key", "x"),
        ("contrast", "--pre", "a.nii", "--low", "b.nii", "-o", "out"),
        ("ct", "absent"),
        ("ct", "absent", "-o", "out", "--strength", "high"),
    ],
)
def test_json_is_json_whatever_happens(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["recon", *words, "--server", "127.0.0.1:1", "--json"])
    with pytest.raises(SystemExit) as done:
        main()
    assert done.value.code == 2
    said = capsys.readouterr()
    assert isinstance(json.loads(said.out), dict)
    assert "Traceback" not in said.err


def test_without_a_service_every_job_is_said_to_have_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @contextmanager
    def nobody(*given: object, **more: object) -> Iterator[None]:
        raise ServiceUnavailable("nobody answers")
        yield

    monkeypatch.setattr(work, "connect", nobody)
    found = [
        Problem("bad.nii", UnreadableInput("bad.nii: broken")),
        CtVolumeJob("a", "a.nii", []),
        CtVolumeJob("b", "b.nii", []),
    ]
    assert work.work(found, tmp_path, CtOptions(), server="x:1", tls=None, as_json=True, nothing="") == 2
    results = json.loads(capsys.readouterr().out)["results"]
    assert [result["input"] for result in results] == ["bad.nii", "a.nii", "b.nii"]


def test_two_files_named_by_uid_do_not_collide() -> None:
    names = [name_of(Path(f"1.2.840.113619.2.{number}")) for number in (1, 2)]
    assert len(set(names)) == 2
    assert name_of(Path("head.nii.gz")) == "head"
    assert distinct(["a", "A", "a", "b"]) == ["a", "A_2", "a_3", "b"]


def test_the_terminal_explains_the_first_checks_and_counts_the_rest(tmp_path: Path) -> None:
    checks = [
        {"name": f"check_{index}", "outcome": "REVIEW", "value": value, "unit": "HU", "message": "look there"}
        for index, value in enumerate([3.14159, None, 1.0, 1.0, 1.0, 1.0])
    ]
    report = {
        "skipped": [],
        "slices": {"missing": [], "total": 3},
        "checks": checks,
        "verdict": "REVIEW",
        "parameters": {},
        "probes": [],
    }
    first, *explained, last = work._lines(SimpleNamespace(name="a"), report, tmp_path)  # type: ignore[arg-type]
    assert first.startswith("a: REVIEW (check_0 = 3.14 HU; check_1 not measured; check_2 = 1 HU")
    assert explained == [f"  check_{index}: look there" for index in range(4)]
    assert last == f"  and 2 more checks, in {tmp_path / 'report.json'}"
