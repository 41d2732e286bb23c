from __future__ import annotations

import pytest

from recon.preservation.limits import BIAS, KEPT, bounds, covered, judged, rounded, told, uncovered


@pytest.mark.parametrize(
    ("value", "outcome"), [(0.9, "pass"), (0.7, "so-so"), (0.5, "FAIL"), (float("nan"), "not measured")]
)
def test_more_is_better_for_what_is_kept(value: float, outcome: str) -> None:
    assert KEPT.outcome(value) == outcome


def test_less_is_better_for_a_bias_and_what_was_not_measured_is_no_zero() -> None:
    assert [BIAS.outcome(value) for value in (1.0, 3.0, 5.0)] == ["pass", "so-so", "FAIL"]
    assert judged(float("nan"), BIAS, "bias")["value"] is None


@pytest.mark.parametrize(
    ("inside", "without", "outcome"),
    [(0.85, 0.9, "pass"), (0.85, 0.99, "so-so"), (0.7, 0.75, "so-so"), (0.7, 0.99, "FAIL"), (0.5, 0.5, "FAIL")],
)
def test_an_interval_is_judged_by_the_worse_of_two_limits(inside: float, without: float, outcome: str) -> None:
    entry = covered(inside, without, False, "3 px plaque of 40 %", 0.5)
    assert entry["outcome"] == outcome
    assert entry["words"].endswith("says nothing")


def test_what_nothing_is_asked_of_has_no_limit() -> None:
    assert told(0.5, "share found")["outcome"] == "no limit"
    assert told(float("nan"), "share found")["outcome"] == "not measured"


def test_what_was_not_measured_has_no_number() -> None:
    """JSON knows no NaN, and a run that wrote one was lost."""
    assert [rounded(value) for value in (float("nan"), float("inf"), 0.123456)] == [None, None, 0.1235]
    assert bounds(float("nan"), 1.0) is None
    assert bounds(0.12345, 1.0, 2) == [0.12, 1.0]
    entry = uncovered("3 mm lesion")
    assert (entry["value"], entry["outcome"]) == (None, "not measured")
