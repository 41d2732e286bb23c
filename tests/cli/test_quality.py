"""What was judged is shown, wherever the figures were to go."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recon.cli import quality
from recon.errors import OutputFailed
from recon.quality.review_rate import Judged
from recon.quality.verdict import Verdict

cli = CliRunner()


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The scans that were judged, by a service that is made up."""
    found: list[str] = []

    @contextmanager
    def connect(*given: object) -> Iterator[None]:
        yield None

    def judge(client: object, task: object, item: int) -> Judged:
        found.append(f"{item}")
        return Judged(f"{item}", "ct", True, Verdict.PASS)

    monkeypatch.setattr(quality, "connect", connect)
    monkeypatch.setattr("recon.jobs.review.judge_sample", judge)
    return found


def test_a_folder_that_is_not_there_is_made(judged: list[str], tmp_path: Path) -> None:
    output = tmp_path / "new" / "figures.json"
    done = cli.invoke(quality.app, ["rate", "--simulated", "1", "-o", str(output), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(output.read_text()) == json.loads(done.stdout)


def test_a_place_that_takes_no_file_is_told_before_the_first_scan(judged: list[str], tmp_path: Path) -> None:
    done = cli.invoke(quality.app, ["rate", "--simulated", "1", "-o", str(tmp_path)])
    assert isinstance(done.exception, OutputFailed)
    assert judged == []


def test_a_disk_that_fills_up_meanwhile_costs_no_figures(
    judged: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quality, "require_writable", lambda path: None)
    done = cli.invoke(quality.app, ["rate", "--simulated", "1", "-o", str(tmp_path), "--json"])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["tasks"]
    assert "can't be written" in done.stderr
