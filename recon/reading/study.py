"""Blind reading: before and after in random order, unnamed; a choice between two, or a five-point scale."""

from __future__ import annotations

import json
import random
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from recon.errors import InvalidRequest
from recon.reading.book import Book
from recon.reading.decisions import named
from recon.reading.intervals import Figure, resampled

#: The two images of an item.
BEFORE, AFTER = "before", "image"
_LONGEST = 200


class Design(StrEnum):
    """How a reader is asked."""

    CHOICE = "choice"  # two at once: which is better?
    SCALE = "scale"  # one at a time: 1 (bad) to 5 (good)


@dataclass(frozen=True)
class StudyItem:
    """One slice of one result, to be seen before and after.

    Attributes
    ----------
    key
        Of the case.
    result
        Its name, for the table of results.
    index
        Of the slice.
    report_sha256
        Of its report when the study was begun: a result that was made again is another; empty of older studies.
    """

    key: str
    result: str
    index: int
    report_sha256: str = ""


@dataclass(frozen=True)
class Study:
    """A reading.

    Attributes
    ----------
    number, name
        By which it is known.
    design, question
        What readers are asked.
    seed
        Of the order; each reader has another one, the same after a reload.
    items
        What is shown.
    """

    number: int
    name: str
    design: Design
    question: str
    seed: int
    items: tuple[StudyItem, ...]

    def trials(self, reader: str) -> list[Trial]:
        """What a reader sees, in that reader's order; no item twice in a row where that can be."""
        order = random.Random(f"{self.seed}/{named(reader)}")
        if self.design is Design.CHOICE:
            items = order.sample(range(len(self.items)), len(self.items))
            return [Trial(item, tuple(order.sample((BEFORE, AFTER), 2))) for item in items]
        first = order.sample(range(len(self.items)), len(self.items))
        second = order.sample(range(len(self.items)), len(self.items))
        if len(self.items) > 1 and first[-1] == second[0]:
            second[0], second[-1] = second[-1], second[0]
        shown = {item: order.sample((BEFORE, AFTER), 2) for item in first}
        return [Trial(item, (shown[item][turn],)) for turn, half in enumerate((first, second)) for item in half]


@dataclass(frozen=True)
class Trial:
    """One question.

    Attributes
    ----------
    item
        Place in the study's items.
    images
        What is shown, from left to right.
    """

    item: int
    images: tuple[str, ...]


def begin(book: Book, name: str, design: Design, question: str, items: Sequence[StudyItem], seed: int) -> Study:
    """Write a study down.

    Raises
    ------
    InvalidRequest
        When it has no name, one that is taken, or nothing to show.
    """
    name, question = name.strip(), question.strip()
    if not name or len(name) > _LONGEST or len(question) > _LONGEST:
        raise InvalidRequest(f"a study has a name, and name and question have at most {_LONGEST} characters")
    if not items:
        raise InvalidRequest("no result here has an image before, so there is nothing to compare")
    content = json.dumps([[item.key, item.result, item.index, item.report_sha256] for item in items])
    try:
        with book.writing() as base:
            row = base.execute(
                "INSERT INTO studies (name, design, seed, question, items, made) VALUES (?, ?, ?, ?, ?, ?) RETURNING *",
                (name, str(design), seed, question, content, time.time()),
            ).fetchone()
    except sqlite3.IntegrityError:
        raise InvalidRequest(f"there is a study called {name}; choose another name", field="name") from None
    return _study(row)


def studies(book: Book) -> list[Study]:
    """All studies, in order."""
    with book.reading() as base:
        return [] if base is None else [_study(row) for row in base.execute("SELECT * FROM studies ORDER BY number")]


def study_of(book: Book, number: int) -> Study:
    """The study of a number.

    Raises
    ------
    InvalidRequest
        When there is none.
    """
    found = next((study for study in studies(book) if study.number == number), None)
    if found is None:
        raise InvalidRequest(f"there is no study {number}")
    return found


def answers(book: Book, study: Study) -> dict[str, dict[int, int]]:
    """Answers by reader and trial."""
    found: dict[str, dict[int, int]] = {}
    with book.reading() as base:
        if base is not None:
            rows = base.execute("SELECT reader, trial, answer FROM answers WHERE study = ?", (study.number,))
            for row in rows:
                found.setdefault(row["reader"], {})[row["trial"]] = row["answer"]
    return found


def answer(book: Book, study: Study, reader: str, trial: int, given: int, seconds: float) -> None:
    """Keep an answer; each question is answered once.

    Raises
    ------
    InvalidRequest
        When there is no such question or answer, or it has been answered.
    """
    reader, trials = named(reader), study.trials(reader)
    allowed = range(2) if study.design is Design.CHOICE else range(1, 6)
    if not 0 <= trial < len(trials) or given not in allowed:
        raise InvalidRequest(f"question {trial + 1} of {len(trials)} takes an answer from {list(allowed)}")
    try:
        with book.writing() as base:
            base.execute(
                "INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?)",
                (study.number, reader, trial, given, seconds, time.time()),
            )
    except sqlite3.IntegrityError:
        raise InvalidRequest(f"question {trial + 1} has been answered", field="trial") from None


def results(study: Study, given: Mapping[str, Mapping[int, int]]) -> list[dict[str, Any]]:
    """A row for each reader, then one for all of them.

    Of a choice: ``preferred``, the share of questions in which the image after was chosen (one half: no difference).
    Of a scale: ``before`` and ``after``, the mean marks, and ``gain``, the mean of their difference within an item.
    Intervals are bootstrapped over items.
    """
    rows = [_row(study, reader, {reader: given[reader]}) for reader in sorted(given)]
    return rows if len(rows) < 2 else [*rows, _row(study, "all readers", given)]


def _row(study: Study, name: str, given: Mapping[str, Mapping[int, int]]) -> dict[str, Any]:
    chosen: list[list[float]] = [[] for _ in study.items]
    marks: dict[str, list[list[float]]] = {image: [[] for _ in study.items] for image in (BEFORE, AFTER)}
    gains: list[list[float]] = [[] for _ in study.items]
    count = 0
    for reader, marked in given.items():
        both: dict[int, dict[str, int]] = {}
        for place, trial in enumerate(study.trials(reader)):
            if place not in marked:
                continue
            count += 1
            if study.design is Design.CHOICE:
                chosen[trial.item].append(float(trial.images[marked[place]] == AFTER))
            else:
                marks[trial.images[0]][trial.item].append(marked[place])
                both.setdefault(trial.item, {})[trial.images[0]] = marked[place]
        for item, pair in both.items():
            if len(pair) == 2:
                gains[item].append(pair[AFTER] - pair[BEFORE])
    asked = {"before": marks[BEFORE], "after": marks[AFTER], "gain": gains}
    if study.design is Design.CHOICE:
        asked = {"preferred": chosen}
    found: dict[str, Figure | None] = {of: resampled(values, np.mean) for of, values in asked.items()}
    figures = {of: figure.to_json() if figure else None for of, figure in found.items()}
    return {"reader": name, "answered": count, **figures}


def _study(row: sqlite3.Row) -> Study:
    items = tuple(StudyItem(*item) for item in json.loads(row["items"]))
    return Study(row["number"], row["name"], Design(row["design"]), row["question"], row["seed"], items)
