"""Blind readings: orders, answers, results."""

from __future__ import annotations

from pathlib import Path

import pytest

from recon.errors import InvalidRequest
from recon.reading.book import NAME, Book
from recon.reading.study import AFTER, Design, StudyItem, answer, answers, begin, results, studies


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
