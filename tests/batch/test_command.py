"""``recon batch`` as a person types it, with a service that is made up."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from recon.batch.execute import Executor
from recon.batch.items import Item
from recon.batch.lock import held
from recon.cli import batch
from recon.errors import InvalidRequest, UnreadableInput, UnusableData
from tests.batch.archives import FakeExecutor, write_nifti, write_series

cli = CliRunner()


@pytest.fixture
def executor(monkeypatch: pytest.MonkeyPatch) -> FakeExecutor:
    def behave(item: Item, call: int) -> dict[str, Any] | None:
        if "broken" in item.name and call == 1:
            raise UnusableData("all samples are NaN")
        return None

    made = FakeExecutor(behave)

    @contextmanager
    def connect(*given: Any) -> Iterator[Executor]:
        yield made

    monkeypatch.setattr(batch, "_connect", connect)
    return made


def _run(*words: object) -> tuple[int, str]:
    done = cli.invoke(batch.app, [str(word) for word in words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout


def test_from_run_to_report(executor: FakeExecutor, tmp_path: Path) -> None:
    archive, out = tmp_path / "a", tmp_path / "out"
    write_series(archive / "one")
    write_nifti(archive / "broken.nii")
    (archive / "notes.txt").write_text("x")
    assert _run("run", archive, "-o", out, "--settle", 0)[0] == 1
    code, text = _run("status", out, "--json")
    found = json.loads(text)
    assert code == 0
    counted = {"items": 3, "done": 1, "failed": 1, "rejected": 0, "skipped": 1, "running": 0, "pending": 0}
    assert {key: found[key] for key in counted} == counted
    assert found["inputs"][str(archive / "broken.nii")] == {
        "state": "failed",
        "reason": "all samples are NaN",
        "result": "broken",
    }
    assert _run("verify", out) == (0, "1 results checked, 0 not as they were written\n")
    assert _run("resume", out)[0] == 1
    assert executor.calls.count("broken") == 1  # trying again can't help, so nobody did
    assert _run("retry", out)[0] == 1
    assert _run("retry", out, "--failed")[0] == 0
    assert executor.calls.count("one_1") == 1
    assert _run("status", out)[1] == "3 items: 2 done, 0 rejected, 0 failed, 1 skipped, 0 running, 0 pending\n"
    assert _run("report", out) == (0, f"{out / 'report.html'}\n")
    (out / "broken" / "report.json").write_text("{}")
    code, text = _run("verify", out, "--json")
    assert (code, list(json.loads(text)["wrong"])) == (1, ["broken"])


def test_a_yaml_file_is_a_specification(executor: FakeExecutor, tmp_path: Path) -> None:
    write_nifti(tmp_path / "a" / "n.nii")
    (tmp_path / "spec.yaml").write_text(
        "inputs: a\nservers: [one:1, two:2]\nsettle_s: 0\ntasks: {ct: {strength: 0.5}}\n"
    )
    assert _run("run", tmp_path / "spec.yaml", "-o", tmp_path / "out", "--ct-strength", 0.7)[0] == 0
    with sqlite3.connect(tmp_path / "out" / "ledger.sqlite") as base:
        spec = json.loads(base.execute("SELECT value FROM meta WHERE name = 'spec'").fetchone()[0])
    assert (spec["servers"], spec["tasks"]) == (["one:1", "two:2"], {"ct": {"strength": 0.7}})


def test_what_can_not_start_is_said(executor: FakeExecutor, tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match="no such file or folder"):
        _run("run", tmp_path / "none", "-o", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(UnreadableInput, match="holds no ledger"):
        _run("status", tmp_path)
    (tmp_path / "empty").mkdir()
    assert _run("run", tmp_path / "empty", "-o", tmp_path / "out", "--settle", 0)[0] == 2
    with held(tmp_path / "out"), pytest.raises(InvalidRequest, match="a run is under way"):
        _run("resume", tmp_path / "out")
    (tmp_path / "bad" / "ledger.sqlite").parent.mkdir()
    (tmp_path / "bad" / "ledger.sqlite").write_bytes(b"this is no database" * 100)
    for command in ("status", "verify", "report", "resume"):
        with pytest.raises(UnreadableInput, match="no usable ledger"):
            _run(command, tmp_path / "bad")


def test_cancel_without_a_run(tmp_path: Path) -> None:
    assert _run("cancel", tmp_path) == (0, "no run is under way\n")


def test_looking_does_not_write(executor: FakeExecutor, tmp_path: Path) -> None:
    write_nifti(tmp_path / "a" / "n.nii")
    _run("run", tmp_path / "a", "-o", tmp_path / "out", "--settle", 0)
    ledger = tmp_path / "out" / "ledger.sqlite"
    before = ledger.stat().st_mtime_ns
    for command in ("status", "verify", "report"):
        assert _run(command, tmp_path / "out")[0] == 0
    assert ledger.stat().st_mtime_ns == before
    # whole without its log: whoever copies it after the run copies everything
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "ledger.sqlite").write_bytes(ledger.read_bytes())
    assert _run("status", tmp_path / "copy")[1] == _run("status", tmp_path / "out")[1]
