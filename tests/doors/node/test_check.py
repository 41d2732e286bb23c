"""Rules that cannot be meant are named before they do harm."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recon.doors.node.check import findings
from recon.doors.node.config import NodeConfig
from recon.doors.node.config_file import read_config

DISK = {"DISK": {"folder": "disk"}, "BIN": {"folder": "bin"}}

ALL = {"originals_to": ["DISK", "BIN"]}


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ([{}, {"when": {"modality": "CT"}}], "rule 1 never fires: rule 0 before it"),
        (
            [{"when": {"description": "dose"}}, {"when": {"description": "low dose", "modality": "CT"}}],
            "rule 1 never fires: rule 0 before it",
        ),
        ([{"when": {"called": "OTHER"}}], "the node has no title"),
        ([{"when": {"calling": "MR.*"}}], "no sender's title"),
        ([{"task": "ct"}], "sends its results nowhere"),
        ([{"task": "contrast", "role": "pre", "to": ["DISK", "BIN"]}], "no pair comes about"),
        ([{"originals_to": ["DISK"]}], "destination BIN gets nothing"),
    ],
)
def test_rules_that_cannot_be_meant(configured: Callable[..., NodeConfig], rules: list[Any], words: str) -> None:
    named = [{"name": str(index), **ALL, **rule} for index, rule in enumerate(rules)]
    config = configured(rules=named, destinations=DISK, senders=[{"title": "CT1"}])
    assert [line for line in findings(config) if words in line]


def test_rules_that_can_be_meant(configured: Callable[..., NodeConfig]) -> None:
    rules = [
        {
            "name": "low",
            "when": {"description": "low.?dose"},
            "task": "ct",
            "to": ["DISK"],
            "options": {"strength": "auto"},
        },
        {"name": "ct", "when": {"modality": "CT"}, "originals_to": ["BIN"]},
        {"name": "rest", "originals_to": ["DISK"]},
    ]
    assert list(findings(configured(rules=rules, destinations=DISK))) == []


def test_the_example_means_what_it_says() -> None:
    config = read_config(Path(__file__).parents[3] / "deploy" / "node" / "node.yaml")
    assert list(findings(config)) == []
    assert config.rules[0].results_to("PASS") == ["OUT"]
