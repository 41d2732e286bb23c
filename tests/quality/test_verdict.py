from __future__ import annotations

from recon.quality.verdict import Verdict, measure, verdict_of, worst


def test_limits_are_inclusive_and_nan_fails() -> None:
    assert measure("a", 1.0, unit="", message="", upper=1.0).outcome is Verdict.PASS
    assert measure("a", 1.01, unit="", message="", upper=1.0).outcome is Verdict.REVIEW
    assert measure("a", 0.5, unit="", message="", lower=1.0, severity=Verdict.REJECT).outcome is Verdict.REJECT
    assert measure("a", float("nan"), unit="", message="").outcome is Verdict.REVIEW


def test_the_verdict_is_the_worst_outcome() -> None:
    good = measure("a", 0.0, unit="", message="", upper=1.0)
    bad = measure("b", 2.0, unit="", message="", upper=1.0)
    assert verdict_of([]) is Verdict.PASS
    assert verdict_of([good, bad]) is Verdict.REVIEW


def test_of_each_name_the_worst_slice_is_kept() -> None:
    checks = [measure("noise", value, unit="HU", message="", lower=2.0, upper=75.0) for value in (20, 74, 1.0, 40)]
    assert [check.value for check in worst(checks)] == [1.0]
