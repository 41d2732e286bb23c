"""Blind reading at the desk: which images a question shows stays here; the page never learns it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from recon.doors.view.desk import Desk
from recon.errors import InvalidRequest, ReconError
from recon.reading import study
from recon.reading.book import Book
from recon.reading.decisions import named
from recon.volumes import FloatImage

_MOST_ITEMS = 400


def _book(desk: Desk) -> Book:
    books = desk.source.books()
    if not books:
        raise InvalidRequest("there is no result yet")
    return books[0]


def listed(desk: Desk) -> dict[str, Any]:
    """All studies with what readers have answered and what comes out of it."""
    book = _book(desk)
    found = []
    for one in study.studies(book):
        given = study.answers(book, one)
        each = 1 if one.design is study.Design.CHOICE else 2
        found.append(
            {
                "number": one.number,
                "name": one.name,
                "design": str(one.design),
                "question": one.question,
                "questions": each * len(one.items),
                "results": study.results(one, given),
            }
        )
    return {"studies": found}


def begin(desk: Desk, given: Mapping[str, Any]) -> dict[str, Any]:
    """A study of slices drawn at random from all results that have an image before.

    Raises
    ------
    InvalidRequest
        When the design or the number of items can't be used, or there is nothing to compare.
    """
    try:
        design, most = study.Design(str(given.get("design"))), int(given.get("items") or 0)
    except (TypeError, ValueError):
        raise InvalidRequest(f"a study has a design ({', '.join(study.Design)}) and a number of items") from None
    if not 1 <= most <= _MOST_ITEMS:
        raise InvalidRequest(f"a study has 1 to {_MOST_ITEMS} items", field="items")
    seed = random.SystemRandom().getrandbits(31)
    name, asked = str(given.get("name") or ""), str(given.get("question") or "")
    begun = study.begin(_book(desk), name, design, asked, _drawn(desk, most, seed), seed)
    return {"number": begun.number, "items": len(begun.items)}


def question(desk: Desk, number: int, reader: str) -> dict[str, Any]:
    """The next question of a reader; ``trial`` is null when all are answered."""
    book = _book(desk)
    one = study.study_of(book, number)
    trials, given = one.trials(reader), study.answers(book, one).get(reader, {})
    place = next((place for place in range(len(trials)) if place not in given), None)
    shown: dict[str, Any] = {
        "name": one.name,
        "design": str(one.design),
        "question": one.question,
        "trial": place,
        "questions": len(trials),
    }
    if place is None:
        return shown
    images = desk.images(desk.case(one.items[trials[place].item].key))
    display = images.display
    return {
        **shown,
        "images": len(trials[place].images),
        "spacing_mm": images.layout.spacing,
        "unit": display.unit,
        "windows": [window.__dict__ for window in display.windows],
    }


def image(desk: Desk, number: int, trial: int, side: int, reader: str) -> FloatImage | None:
    """What a question shows at a side, 0 from the left."""
    one = study.study_of(_book(desk), number)
    trials = one.trials(reader)
    if not 0 <= trial < len(trials) or not 0 <= side < len(trials[trial].images):
        raise InvalidRequest(f"the study has {len(trials)} questions")
    item = one.items[trials[trial].item]
    return desk.images(desk.case(item.key)).read(trials[trial].images[side], item.index)


def answer(desk: Desk, number: int, given: Mapping[str, Any]) -> dict[str, Any]:
    """Keep an answer; gives the next question."""
    try:
        trial, chosen, seconds = int(given["trial"]), int(given["answer"]), float(given.get("seconds") or 0.0)
    except (KeyError, TypeError, ValueError):
        raise InvalidRequest("an answer has a trial, an answer and seconds, all numbers") from None
    book, reader = _book(desk), named(str(given.get("reader") or ""))
    study.answer(book, study.study_of(book, number), reader, trial, chosen, seconds)
    return question(desk, number, reader)


def _drawn(desk: Desk, most: int, seed: int) -> list[study.StudyItem]:
    """At most one slice of a result until all results have given one, so that one case can't outweigh the others."""
    order = random.Random(seed)
    cases = [case for case in desk.cases() if case.verdict != "UNREADABLE"]
    order.shuffle(cases)
    found: list[study.StudyItem] = []
    for case in cases[:most]:
        try:
            images = desk.images(case)
            if study.BEFORE in images.planes:
                found.append(study.StudyItem(case.key, case.name, images.first))
        except ReconError:  # what can't be opened is not read
            continue
    return found
