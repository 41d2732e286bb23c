"""An image goes back with all that is known of its series."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from recon.doors.mrd.judged import judged
from recon.errors import InternalError
from recon.quality.interval import calibrated
from recon.quality.verdict import Check, Verdict
from recon.values.result import ImageSlice, ModelIdentity, SeriesReport


def check(name: str, outcome: Verdict) -> Check:
    return Check(name, 1.0, None, None, "", outcome, "words")


class Run:
    """A series that has come."""

    def __init__(self, slices: list[list[Check]], report: SeriesReport | None) -> None:
        plane = np.zeros((2, 2), np.float32)
        self.report, self.model = report, ModelIdentity("m", "1", "ab", "0", calibrated(1.0))
        self._slices = [
            ImageSlice(index, plane, plane, max([one.outcome for one in checks], default=Verdict.PASS), checks)
            for index, checks in enumerate(slices)
        ]

    def __iter__(self) -> Iterator[ImageSlice]:
        return iter(self._slices)


def found(slices: list[list[Check]], verdict: Verdict, *checks: Check) -> list[tuple[Verdict, list[str]]]:
    run: Any = Run(slices, SeriesReport(verdict, list(checks), calibrated(2.0), {}, 1))
    results, model = judged(run)
    assert model is not None
    assert model.interval == calibrated(2.0)  # what holds in the end
    return [(one.verdict, [said.name for said in one.checks]) for one in results]


def test_slices_of_a_good_series_stay_as_they_are() -> None:
    good = check("noise", Verdict.PASS)
    assert found([[good], [good]], Verdict.PASS, good) == [(Verdict.PASS, ["noise"])] * 2


def test_what_only_the_series_shows_counts_for_each_slice() -> None:
    good, lost = check("noise", Verdict.PASS), check("lost", Verdict.REVIEW)
    assert found([[good], []], Verdict.REVIEW, good, lost) == [
        (Verdict.REVIEW, ["noise", "lost"]),
        (Verdict.REVIEW, ["lost"]),
    ]


def test_a_slice_that_is_worse_stays_worse_and_costs_no_other() -> None:
    good, bad = check("noise", Verdict.PASS), check("noise", Verdict.REJECT)
    assert found([[good], [bad]], Verdict.REJECT, bad) == [(Verdict.PASS, ["noise"]), (Verdict.REJECT, ["noise"])]


def test_a_verdict_that_no_check_explains_counts_for_all() -> None:
    assert found([[], []], Verdict.REJECT) == [(Verdict.REJECT, [])] * 2


def test_a_series_that_nobody_judged_is_an_error() -> None:
    run: Any = Run([[]], None)
    with pytest.raises(InternalError, match="not said whether"):
        judged(run)
