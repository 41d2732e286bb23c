"""Agreement of readers with the verdict and with each other."""

from __future__ import annotations

import numpy as np
import pytest

from recon.reading.agreement import between_readers, weighted_kappa, with_verdict
from recon.reading.decisions import Choice
from recon.reading.intervals import Figure, share
from tests.reading.decided import decision


def test_kappa_is_one_for_equals_and_nothing_for_chance() -> None:
    same = np.array([0, 1, 2, 0, 1, 2])
    assert weighted_kappa(same, same) == pytest.approx(1)
    random = np.random.default_rng(0)
    assert abs(weighted_kappa(random.integers(0, 3, 4000), random.integers(0, 3, 4000))) < 0.05
    # Cohen's own weights are linear: one step apart counts half of two steps
    assert weighted_kappa(np.array([0, 2]), np.array([1, 2])) == pytest.approx(1 - 0.5 / 1.0)


def test_readers_and_verdict_are_laid_beside_each_other() -> None:
    given = []
    for place in range(12):
        verdict = "PASS" if place < 8 else "REVIEW"
        for reader, accepts in (("Ada", 6), ("Bob", 7)):
            choice = Choice.ACCEPT if place < accepts else Choice.REJECT
            given.append(decision(len(given), f"r{place}", reader, choice, verdict))
    rows = {row.verdict: row for row in with_verdict(given)}
    assert rows["PASS"].counts == {"accept": 13, "look": 0, "reject": 3}
    assert rows["REVIEW"].accepted is not None
    assert rows["REVIEW"].accepted.value == 0
    assert rows["REJECT"].accepted is None
    (pair,) = between_readers(given)
    assert (pair.readers, pair.common) == (("Ada", "Bob"), 12)
    assert pair.same is not None
    assert pair.same.value == pytest.approx(11 / 12)
    assert pair.kappa is not None
    assert pair.kappa.low is not None
    assert pair.kappa.low < pair.kappa.value <= (pair.kappa.high or 0)


def test_several_readers_of_one_result_are_no_several_results() -> None:
    def accepted(readers: int) -> Figure:
        given = [
            decision(6 * place + reader, f"r{place}", f"R{reader}", Choice.ACCEPT if place < 7 else Choice.REJECT)
            for place in range(10)
            for reader in range(readers)
        ]
        found = with_verdict(given)[0].accepted
        assert found is not None
        return found

    alone, six = accepted(1), accepted(6)
    assert alone == share(7, 10)
    assert six.value == pytest.approx(0.7)
    assert (six.high or 0) - (six.low or 0) == pytest.approx((alone.high or 0) - (alone.low or 0), abs=0.12)


def test_where_all_is_accepted_the_interval_is_still_that_of_as_many_results() -> None:
    given = [decision(n, f"r{n // 2}", "Ada" if n % 2 else "Bob", Choice.ACCEPT) for n in range(20)]
    assert with_verdict(given)[0].accepted == share(10, 10)


def test_where_all_choose_the_same_kappa_says_nothing() -> None:
    given = [decision(n, f"r{n // 2}", "Ada" if n % 2 else "Bob", Choice.ACCEPT) for n in range(10)]
    (pair,) = between_readers(given)
    assert pair.kappa is None
