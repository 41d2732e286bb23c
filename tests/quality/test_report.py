"""The report is JSON whatever was measured, and what is absent is null, never a number."""

from __future__ import annotations

import json
from typing import Any

import pytest

from recon.quality.interval import Interval, IntervalKind
from recon.quality.report import build_report, check_to_json, interval_to_json
from recon.quality.verdict import Check, Verdict


def report(**changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "task": "ct",
        "source": "chest",
        "verdict": Verdict.REVIEW,
        "checks": [Check("noise_level", float("nan"), None, 60.0, "HU", Verdict.REVIEW, "not measured")],
        "model": {},
        "interval": interval_to_json(Interval(IntervalKind.NONE, basis="no method knows it")),
        "parameters": {},
        "timings_ms": {"model": 1.23456},
        "slices_total": 3,
        "slices_missing": [],
        "slices_failing": {},
        "notes": [],
        "skipped": [],
        "probes": [],
        "comparability": {},
    }
    return build_report(**{**given, **changes})


def test_what_was_not_measured_is_null() -> None:
    found = json.loads(json.dumps(report(), allow_nan=False))
    assert found["checks"][0]["value"] is None
    assert found["checks"][0]["lower_limit"] is None
    assert found["probes"] is None
    assert found["interval"] == {
        "kind": "none",
        "coverage": None,
        "conformal_factor": None,
        "basis": "no method knows it",
    }
    assert found["timings_ms"] == {"model": 1.235}
    assert "Not a medical device" in found["disclaimer"]


@pytest.mark.parametrize(("missing", "status"), [([], "complete"), ([2], "incomplete")])
def test_missing_slices_make_it_incomplete(missing: list[int], status: str) -> None:
    assert report(slices_missing=missing)["status"] == status


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_no_value_that_json_does_not_know(value: float) -> None:
    assert check_to_json(Check("x", value, None, None, "", Verdict.PASS, ""))["value"] is None
