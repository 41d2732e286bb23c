from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recon.cli.main import app


@pytest.mark.service
def test_shipped_weights_keep_what_is_asked(tmp_path: Path) -> None:
    """On what the command makes up itself, by the models of this installation."""
    words = ["evaluate", "preserve", "mr", "--quick", "-o", str(tmp_path), "--model", "mr_unrolled"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "preservation.json").read_text())
    assert report["valid"]
    assert "seed 0" in report["conditions"]
    measures = report["methods"]["mr_unrolled, R 4"]
    assert measures["kept, 3 px plaque of 40 %"]["value"] >= 0.7
    assert any(name.startswith("interval, ") for name in measures)


def test_something_to_measure_on_must_be_named(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["evaluate", "preserve", "mr", "-o", str(tmp_path)])
    assert done.exit_code != 0
    assert "--quick" in str(done.exception)
