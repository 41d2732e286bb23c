"""Drift is seen, and a steady scanner is left alone."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from recon.reading.drift import WatchedValue, chart, months


def observed(values: list[float]) -> list[WatchedValue]:
    return [WatchedValue(date(2026, 1, 1) + timedelta(place), value, f"r{place}") for place, value in enumerate(values)]


def test_a_step_is_seen_and_a_steady_scanner_is_left_alone() -> None:
    random = np.random.default_rng(3)
    steady = list(random.normal(20, 1, 60))
    assert not chart(observed(steady)).signals
    stepped = chart(observed([*steady, *random.normal(23, 1, 30)]))
    late = [place for place in stepped.signals if place >= 60]
    assert len(late) > 20
    assert min(late) < 75
    assert stepped.lower is not None
    assert stepped.upper is not None
    assert 15 < stepped.lower < 18.5
    assert 21.5 < stepped.upper < 25


def test_few_values_have_no_limits() -> None:
    found = chart(observed([20.0] * 9))
    assert (found.centre, found.lower, found.upper, found.signals) == (None, None, None, {})


def test_verdicts_by_month() -> None:
    found = months([(date(2026, 2, 1), "REVIEW"), (date(2026, 1, 5), "PASS"), (date(2026, 1, 9), "PASS")])
    assert [(month.name, month.counts) for month in found] == [("2026-01", {"PASS": 2}), ("2026-02", {"REVIEW": 1})]
