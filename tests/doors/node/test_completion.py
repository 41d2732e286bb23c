from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recon.doors.node.completion import whole
from recon.doors.node.config import Completion
from tests.doors.node.nodes import Receiving, storescu, until

TIMES = Completion(quiet_s=60, counted_quiet_s=2, longest_wait_s=600)
CT_RULE = {"name": "ct", "when": {"modality": "CT"}, "task": "ct", "to": ["DISK"], "originals_to": ["DISK"]}
PAIR = [
    {"name": "pre", "when": {"description": "pre"}, "task": "contrast", "role": "pre", "to": ["DISK"]},
    {"name": "low", "when": {"description": "low"}, "task": "contrast", "role": "low", "to": ["DISK"]},
]
Start = Callable[..., Receiving]


@pytest.mark.parametrize(
    ("count", "expected", "quiet_s", "is_whole"),
    [
        (10, None, 59, False),
        (10, None, 60, True),  # nothing announced: quiet alone
        (180, 180, 1, False),
        (180, 180, 2, True),  # all came
        (127, 180, 60, False),
        (127, 180, 599, False),
        (127, 180, 600, True),  # a sender that pauses is waited for
    ],
)
def test_when_a_series_is_whole(count: int, expected: int | None, quiet_s: float, is_whole: bool) -> None:
    why = whole(count, expected, quiet_s, TIMES)
    assert (why is not None) == is_whole
    assert (why or "").startswith("INCOMPLETE") == (is_whole and count != (expected or count))


def sent(node: Receiving, files: list[Path]) -> None:
    assert storescu(node.port, *files).returncode == 0


@pytest.mark.service
def test_a_pause_does_not_cut_a_series(receiving: Start, make_series: Any, tmp_path: Path) -> None:
    """fo-dicom#1464: 180 were sent, 127 were worked on."""
    node = receiving(
        rules=[CT_RULE],
        destinations={"DISK": {"folder": str(tmp_path / "disk")}},
        completion={"quiet_s": 0.1, "counted_quiet_s": 0.1, "longest_wait_s": 30},
    )
    files = make_series(6, NumberOfSeriesRelatedInstances=6)
    sent(node, files[:4])
    time.sleep(0.5)
    assert node.decider.look() == 0
    sent(node, files[4:])
    time.sleep(0.2)
    assert node.decider.look() == 1
    (job,) = node.rows("SELECT * FROM jobs")
    assert job["state"] == "pending"
    assert "all 6 announced" in job["why"]
    assert len(node.rows("SELECT * FROM inputs")) == 6


@pytest.mark.service
def test_late_instances_make_a_new_version(receiving: Start, make_series: Any, tmp_path: Path) -> None:
    node = receiving(rules=[CT_RULE], destinations={"DISK": {"folder": str(tmp_path / "disk")}})
    files = make_series(5)
    sent(node, files[:3])
    until(node.decider.look)
    sent(node, files[3:])
    until(node.decider.look)
    first, second = node.rows("SELECT * FROM jobs ORDER BY number")
    assert first["state"] == "superseded"
    assert second["state"] == "pending"
    assert second["why"].startswith("version 2: 2 instances came after version 1")
    assert len(node.rows("SELECT * FROM inputs WHERE job = ?", second["number"])) == 5
    assert len(node.rows("SELECT * FROM deliveries WHERE kind = 'original'")) == 5, "each original goes once"
    said = [row["words"] for row in node.rows("SELECT * FROM said WHERE about = 'series 1'")]
    assert any("version 2: 2 instances came after" in words for words in said)


@pytest.mark.service
@pytest.mark.parametrize("order", [("pre", "low"), ("low", "pre")])
def test_a_pair_comes_together(receiving: Start, make_series: Any, tmp_path: Path, order: tuple[str, str]) -> None:
    node = receiving(
        rules=PAIR,
        destinations={"DISK": {"folder": str(tmp_path / "disk")}},
        completion={"quiet_s": 0.1, "pair_wait_s": 600},
    )
    sent(node, make_series(2, SeriesDescription=f"T1 {order[0]}"))
    until(node.decider.look)
    (waiting,) = node.rows("SELECT * FROM jobs")
    assert waiting["state"] == "waiting"
    sent(node, make_series(2, SeriesDescription=f"T1 {order[1]}"))
    until(node.decider.look)
    first, pair = node.rows("SELECT * FROM jobs ORDER BY number")
    assert (first["state"], pair["state"]) == ("joined", "pending")
    roles = [row["role"] for row in node.rows("SELECT role FROM inputs WHERE job = ? ORDER BY role", pair["number"])]
    assert roles == ["low", "low", "pre", "pre"]


@pytest.mark.service
def test_half_a_pair_is_given_up(receiving: Start, make_series: Any, tmp_path: Path) -> None:
    node = receiving(
        rules=PAIR,
        destinations={"DISK": {"folder": str(tmp_path / "disk")}},
        completion={"quiet_s": 0.1, "pair_wait_s": 0.3},
    )
    sent(node, make_series(2, SeriesDescription="T1 pre"))
    until(node.decider.look)
    time.sleep(0.4)
    node.decider.look()
    (job,) = node.rows("SELECT * FROM jobs")
    assert (job["state"], job["reason"]) == ("failed", "its partner did not come in time")


@pytest.mark.service
def test_what_no_rule_is_for_is_passed_on(receiving: Start, make_series: Any, tmp_path: Path) -> None:
    node = receiving(destinations={"DISK": {"folder": str(tmp_path / "disk")}}, otherwise={"originals_to": ["DISK"]})
    sent(node, make_series(2))
    until(node.decider.look)
    assert node.rows("SELECT * FROM jobs") == []
    assert len(node.rows("SELECT * FROM deliveries")) == 2
