from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from recon.cli.main import app
from recon.doors.node.config import NodeConfig
from recon.doors.node.config_file import read_config
from recon.doors.node.facts import Facts
from recon.doors.node.rules import Rule, When, conditions, first_match
from recon.errors import UnreadableInput

DISK = {"DISK": {"folder": "disk"}, "BIN": {"folder": "bin"}}

CHEST = Facts(
    called="RECON",
    calling="CT1",
    modality="CT",
    description="Thorax LowDose 1.0",
    kernel="B30f",
    ctdi_mgy=1.8,
    image_type="ORIGINAL\\PRIMARY\\AXIAL",
)


@pytest.mark.parametrize(
    ("when", "fires"),
    [
        ({}, True),
        ({"called": "recon", "calling": "CT\\d", "modality": "CT"}, True),
        ({"calling": "CT"}, False),  # titles fit as a whole
        ({"description": "low.?dose"}, True),
        ({"description": "^low.?dose"}, False),
        ({"image_type": r"PRIMARY\\AXIAL"}, True),
        ({"kernel": "B[0-9]+f", "most_ctdi_mgy": 2}, True),
        ({"most_ctdi_mgy": 1.5}, False),
        ({"protocol": "."}, False),  # absent is no match
    ],
)
def test_conditions(when: dict[str, Any], fires: bool) -> None:
    rule = Rule(name="r", when=When(**when), originals_to=["DISK"])
    assert (first_match([rule], CHEST) is rule) == fires


def test_an_unknown_dose_is_not_a_low_one() -> None:
    (one,) = conditions(When(most_ctdi_mgy=5), Facts())
    assert not one.holds
    assert one.found == "unknown"


def test_the_first_that_matches_counts() -> None:
    rules = [
        Rule(name="no", when=When(modality="MR"), originals_to=["DISK"]),
        Rule(name="first", originals_to=["DISK"]),
        Rule(name="second", originals_to=["DISK"]),
    ]
    chosen = first_match(rules, CHEST)
    assert chosen is not None
    assert chosen.name == "first"


def test_verdicts_route() -> None:
    rule = Rule(name="r", task="ct", to=["A"], review_to=["B"])
    assert [rule.results_to(v) for v in ("PASS", "REVIEW", "REJECT", "")] == [["A"], ["B"], [], []]
    assert Rule(name="r", task="ct", to=["A"]).results_to("REVIEW") == ["A"]


def test_a_file_that_is_none(tmp_path: Path) -> None:
    for name, content in (("a.yaml", "{"), ("b.yaml", None)):
        if content is not None:
            (tmp_path / name).write_text(content)
        with pytest.raises(UnreadableInput):
            read_config(tmp_path / name)


def written(config: NodeConfig, tmp_path: Path) -> str:
    path = tmp_path / "node.yaml"
    path.write_text(yaml.safe_dump(config.model_dump(mode="json", exclude_unset=True)))
    return str(path)


def test_explain_says_which_rule_and_why(
    configured: Callable[..., NodeConfig], make_slice: Callable[..., Path], tmp_path: Path
) -> None:
    rules = [
        {"name": "head", "when": {"description": "head"}, "originals_to": ["DISK"]},
        {"name": "body", "when": {"description": "abdo", "calling": "CT1"}, "task": "ct", "to": ["DISK"]},
    ]
    path = written(configured(rules=rules, destinations=DISK), tmp_path)
    words = ["node", "explain", str(make_slice()), "--config", path, "--calling", "CT1"]
    plain = CliRunner().invoke(app, words)
    assert plain.exit_code == 0
    assert "rule head: no" in plain.stdout
    assert "FAILS: description 'head', the file has 'ABDOMEN'" in plain.stdout
    assert "rule body: FIRES" in plain.stdout
    assert json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)["rule"] == "body"


def test_check_is_a_command(configured: Callable[..., NodeConfig], tmp_path: Path) -> None:
    rules = [{"name": "a", "originals_to": ["DISK", "BIN"]}, {"name": "b", "originals_to": ["DISK"]}]
    done = CliRunner().invoke(app, ["node", "check", written(configured(rules=rules, destinations=DISK), tmp_path)])
    assert done.exit_code == 1
    assert "rule b never fires" in done.stdout
