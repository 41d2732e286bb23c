"""Agreement, proposals, blind readings and drift say what is in the data, and nothing where too little is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from recon.errors import InvalidRequest
from recon.reading.agreement import between_readers, weighted_kappa, with_verdict
from recon.reading.book import NAME, Book
from recon.reading.decisions import Choice, Decision, Subject
from recon.reading.drift import WatchedValue, chart, months
from recon.reading.intervals import share
from recon.reading.limits import propose
from recon.reading.study import AFTER, Design, StudyItem, answer, answers, begin, results, studies


def decision(number: int, result: str, reader: str, choice: Choice, verdict: str = "PASS") -> Decision:
    return Decision(number, Subject(result, "aa", "ct", verdict), reader, choice, "", datetime.now(UTC))


def test_a_share_knows_how_little_it_knows() -> None:
    found = share(9, 10)
    assert found is not None
    assert (round(found.low or 0, 3), round(found.high or 0, 3)) == (0.596, 0.982)  # Wilson, as tabulated
    assert share(0, 0) is None


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


def test_where_all_choose_the_same_kappa_says_nothing() -> None:
    given = [decision(n, f"r{n // 2}", "Ada" if n % 2 else "Bob", Choice.ACCEPT) for n in range(10)]
    (pair,) = between_readers(given)
    assert pair.kappa is None


def reports(noise: list[float]) -> dict[str, tuple[str, dict[str, object]]]:
    return {
        f"r{place}": (
            "aa",
            {
                "task": "ct",
                "checks": [
                    {"name": "noise_level", "value": value, "lower_limit": None, "upper_limit": 60.0, "unit": "HU"},
                    {
                        "name": "luck",
                        "value": float(place * 7 % 5),
                        "lower_limit": None,
                        "upper_limit": 9.0,
                        "unit": "",
                    },
                ],
            },
        )
        for place, value in enumerate(noise)
    }


def test_limits_are_proposed_where_readers_decide_by_them() -> None:
    noise = [20.0 + place / 2 for place in range(30)] + [45.0 + place for place in range(10)]
    given = [decision(n, f"r{n}", "Ada", Choice.ACCEPT if n < 30 else Choice.REJECT) for n in range(40)]
    found = {line.check: line for line in propose(reports(noise), given)}
    line = found["noise_level"]
    assert line.proposed is not None
    assert 30 <= line.proposed <= 35
    assert (line.found_now, line.found_then) == (0, 10)
    assert line.alarms_then == 3  # one in ten of thirty
    assert found["luck"].proposed is None
    assert "does not tell" in found["luck"].words


def test_few_decisions_propose_nothing_and_disputed_ones_do_not_count() -> None:
    noise = [20.0 + place for place in range(40)]
    few = [decision(n, f"r{n}", "Ada", Choice.ACCEPT if n < 15 else Choice.REJECT) for n in range(20)]
    assert all(line.proposed is None and "too few" in line.words for line in propose(reports(noise), few))
    disputed = [decision(50 + n, f"r{n}", "Bob", Choice.LOOK) for n in range(20)]
    assert propose(reports(noise), [*few, *disputed]) == []


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path / NAME)


def items(count: int) -> list[StudyItem]:
    return [StudyItem(f"k{place}", f"r{place}", place) for place in range(count)]


@pytest.mark.parametrize("design", list(Design))
def test_orders_are_random_balanced_and_the_same_after_a_reload(book: Book, design: Design) -> None:
    study = begin(book, "first", design, "which?", items(40), 7)
    trials = study.trials("Ada")
    assert trials == studies(book)[0].trials("Ada")
    assert trials != study.trials("Bob")
    seen = sorted((trial.item, image) for trial in trials for image in trial.images)
    assert seen == sorted((item, image) for item in range(40) for image in ("before", "image"))
    first = sum(trial.images[0] == AFTER for trial in trials[:40])
    assert 10 < first < 30
    assert all(one.item != other.item for one, other in zip(trials, trials[1:], strict=False))


def test_a_choice_gives_a_share_with_an_interval(book: Book) -> None:
    study = begin(book, "first", Design.CHOICE, "which?", items(30), 7)
    for place, trial in enumerate(study.trials("Ada")):
        wanted = trial.images.index(AFTER) if trial.item % 5 else 1 - trial.images.index(AFTER)
        answer(book, study, "Ada", place, wanted, 1.0)
    (row,) = results(study, answers(book, study))
    assert row["answered"] == 30
    assert row["preferred"]["value"] == pytest.approx(0.8)
    assert 0.6 < row["preferred"]["low"] < 0.8 < row["preferred"]["high"] < 0.98


def test_a_scale_gives_the_gain_within_an_item(book: Book) -> None:
    study = begin(book, "first", Design.SCALE, "how good?", items(10), 7)
    for reader in ("Ada", "Bob"):
        for place, trial in enumerate(study.trials(reader)):
            answer(book, study, reader, place, 4 if trial.images == (AFTER,) else 2 + trial.item % 2, 1.0)
    rows = results(study, answers(book, study))
    assert [row["reader"] for row in rows] == ["Ada", "Bob", "all readers"]
    assert rows[2]["answered"] == 40
    assert rows[2]["gain"]["value"] == pytest.approx(1.5)
    assert rows[2]["gain"]["low"] < 1.5 < rows[2]["gain"]["high"]


def test_a_question_is_answered_once_and_properly(book: Book) -> None:
    study = begin(book, "first", Design.CHOICE, "which?", items(3), 7)
    answer(book, study, "Ada", 0, 1, 1.0)
    for trial, given, words in ((0, 0, "has been answered"), (1, 2, "takes an answer"), (3, 0, "takes an answer")):
        with pytest.raises(InvalidRequest, match=words):
            answer(book, study, "Ada", trial, given, 1.0)
    with pytest.raises(InvalidRequest, match="another name"):
        begin(book, "first", Design.CHOICE, "which?", items(3), 7)
    with pytest.raises(InvalidRequest, match="nothing to compare"):
        begin(book, "second", Design.CHOICE, "which?", [], 7)


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
