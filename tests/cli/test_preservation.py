from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from recon.cli.preservation import finish
from recon.errors import InvalidRequest
from recon.preservation.limits import KEPT, judged

_CARD = "# card\n<!-- PRESERVATION -->\nold\n<!-- /PRESERVATION -->\nend\n"


def _report(valid: bool) -> dict[str, Any]:
    return {
        "valid": valid,
        "conditions": "one head, seed 0",
        "control": {"words": "half by theory", "value": 0.5, "interval": [0.4, 0.6]},
        "methods": {"network": {"kept, 3 px": judged(0.9, KEPT, "contrast kept", p10=0.8, p90=1.0)}},
    }


def test_the_table_goes_between_the_marks_of_a_card(tmp_path: Path) -> None:
    card = tmp_path / "card.md"
    card.write_text(_CARD)
    with pytest.raises(typer.Exit) as end:
        finish(_report(valid=True), "What is kept", tmp_path / "out", card)
    assert end.value.exit_code == 0
    text = card.read_text()
    assert "| kept, 3 px (0.8, 0.6) | 0.90 pass |" in text
    assert "one head, seed 0. Control, half by theory: 0.5 (0.4 to 0.6)." in text
    assert "old" not in text
    assert text.startswith("# card")
    assert text.endswith("<!-- /PRESERVATION -->\nend\n")
    assert json.loads((tmp_path / "out" / "preservation.json").read_text())["valid"]
    assert "0.90 pass" in (tmp_path / "out" / "preservation.html").read_text()


def test_what_is_invalid_never_reaches_a_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card = tmp_path / "card.md"
    card.write_text(_CARD)
    with pytest.raises(typer.Exit) as end:
        finish(_report(valid=False), "What is kept", tmp_path, card)
    assert end.value.exit_code == 1
    assert card.read_text() == _CARD
    assert capsys.readouterr().out.startswith("INVALID")


def test_a_card_without_marks_is_named(tmp_path: Path) -> None:
    (tmp_path / "card.md").write_text("# card\n")
    with pytest.raises(InvalidRequest, match=r"card.md: has no marks"):
        finish(_report(valid=True), "What is kept", tmp_path, tmp_path / "card.md")
