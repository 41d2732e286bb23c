"""Tuning chooses among what it tried."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from recon.bench.record import check
from recon.bench.tune import settings, tune
from tests.bench.small import SHAPE


def test_tuning_chooses_among_what_it_tried(repository: Path) -> None:
    weights = repository / "small" / "2" / "model.onnx"
    found = tune(weights, {"": SHAPE}, rounds=3)
    check(found)
    assert (found["model"], found["version"]) == ("small", "2")
    assert found["sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert found["choice"] in found["tried"]
    assert {row["runtime"] for row in found["tried"]} == {"openvino", "onnxruntime"}
    fastest = min(row["ms"] for row in found["tried"])
    assert found["choice"]["ms"] <= 1.1 * fastest


def test_tuning_ends_in_time_and_keeps_the_first_setting(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(4)))
    weights = repository / "small" / "2" / "model.onnx"
    found = tune(weights, {"": SHAPE}, rounds=3, other_runtimes=False, within_s=0.0)
    check(found)
    assert found["tried"] == [found["choice"]]
    assert (found["choice"]["threads"], found["choice"]["instances"]) == (4, 1)


def test_settings_are_those_of_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, expected in (
        (1, [(1, 1, 0)]),
        (2, [(2, 1, 0), (1, 1, 0), (1, 2, 0), (1, 2, 2)]),
        (16, [(16, 1, 0), (8, 1, 0), (1, 1, 0), (8, 2, 0), (4, 4, 0), (2, 8, 0), (1, 8, 16)]),
    ):
        monkeypatch.setattr("os.sched_getaffinity", lambda _, cores=cores: set(range(cores)))
        found = settings(other_runtimes=False)
        assert [(one.threads, one.instances, one.alone) for one in found] == expected
        assert {one.runtime for one in found} == {"openvino"}
