"""``recon evaluate preserve`` on what it makes up itself, with the weights as shipped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recon.cli.main import app

_CARD = "# card\n<!-- PRESERVATION -->\nold\n<!-- /PRESERVATION -->\nend\n"


@pytest.mark.service
@pytest.mark.parametrize(
    ("task", "model", "asked", "least"),
    [
        ("contrast", "contrast_enhance", "kept, 10 mm lesion of 20 %", 0.8),
        ("mr", "mr_unrolled, R 4", "kept, 3 px plaque of 40 %", 0.7),
    ],
)
def test_shipped_weights_keep_what_is_asked(task: str, model: str, asked: str, least: float, tmp_path: Path) -> None:
    card = tmp_path / "card.md"
    card.write_text(_CARD)
    named = ["--model", model.partition(",")[0]]
    words = ["evaluate", "preserve", task, "--quick", "-o", str(tmp_path), "--card", str(card), *named]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "preservation.json").read_text())
    assert report["valid"]
    assert report["methods"][model][asked]["value"] >= least
    assert "interval, " in "".join(report["methods"][model])
    text = card.read_text()
    assert "old" not in text
    assert asked in text
    assert text.startswith("# card")
    assert text.endswith("<!-- /PRESERVATION -->\nend\n")
    assert "Control" in (tmp_path / "preservation.html").read_text()


@pytest.mark.parametrize("task", ["ct", "contrast", "mr"])
def test_something_to_measure_on_must_be_named(task: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["evaluate", "preserve", task, "-o", str(tmp_path)])
    assert done.exit_code != 0
    assert "--quick" in str(done.exception)
