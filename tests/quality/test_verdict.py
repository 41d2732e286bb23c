"""Absence is no PASS, and the worst decides."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from recon.quality.verdict import Check, Verdict, by_urgency, complete, measure, partly, unmeasured, verdict_of, worst

NUMBERS = st.floats(-1e6, 1e6)


def test_the_worst_outcome_counts() -> None:
    checks = [
        measure("a", 1.0, unit="", message="", action="", upper=2.0),
        measure("b", 3.0, unit="", message="", action="", upper=2.0, severity=Verdict.REJECT),
        measure("c", 3.0, unit="", message="", action="", upper=2.0),
    ]
    assert verdict_of(checks) is Verdict.REJECT
    assert verdict_of(checks[::2]) is Verdict.REVIEW
    assert verdict_of(checks[:1]) is Verdict.PASS


def test_nothing_measured_is_no_pass() -> None:
    assert verdict_of([]) is Verdict.REVIEW
    assert verdict_of([unmeasured("a", why="lost", action="send again")]) is Verdict.REVIEW
    assert measure("a", math.nan, unit="", message="", action="", lower=0.0).outcome is Verdict.REVIEW


@given(st.lists(st.sampled_from("abcdef")), st.lists(st.sampled_from("abcdef"), min_size=1))
def test_there_is_a_pass_only_where_all_that_was_declared_holds(measured: list[str], declared: list[str]) -> None:
    checks = complete([measure(name, 1.0, unit="", message="", action="") for name in measured], declared, "lost")
    assert {check.name for check in checks} == {*measured, *declared}
    assert (verdict_of(checks) is Verdict.PASS) == (set(declared) <= set(measured))


def test_what_was_measured_on_a_part_is_no_pass_of_the_whole() -> None:
    whole = measure("a", 1.0, unit="", message="words", action="", upper=2.0)
    assert partly(whole, "slices 3 to 9").outcome is Verdict.REVIEW
    assert "slices 3 to 9" in partly(whole, "slices 3 to 9").message
    rejected = measure("a", 3.0, unit="", message="", action="", upper=2.0, severity=Verdict.REJECT)
    assert partly(rejected, "slices 3 to 9").outcome is Verdict.REJECT


def test_what_to_do_is_said_when_a_check_fails_and_only_then() -> None:
    held, failed = (measure("a", v, unit="", message="noise", upper=2.0, action="look") for v in (1.0, 3.0))
    assert held.message == "noise"
    assert failed.message == "noise: look"
    lost = measure("a", math.nan, unit="", message="noise", upper=2.0, action="look")
    assert lost.message == "not measured: noise: look"
    assert unmeasured("a", why="lost", action="send again").message == "not measured: lost: send again"


@given(st.lists(st.tuples(NUMBERS, st.sampled_from(Verdict))))
def test_what_to_look_at_first_comes_first(found: list[tuple[float, Verdict]]) -> None:
    checks = [Check(str(i), value, None, 1.0, "", outcome, "") for i, (value, outcome) in enumerate(found)]
    ordered = by_urgency(checks)
    assert sorted(check.name for check in ordered) == sorted(check.name for check in checks)
    keys = [(-check.outcome, -check.excess) for check in ordered]
    assert keys == sorted(keys)


def test_of_each_name_the_worst_stays() -> None:
    some = [measure("a", value, unit="", message="", action="", upper=2.0) for value in (1.0, 5.0, 3.0)]
    assert [check.value for check in worst(some)] == [5.0]
