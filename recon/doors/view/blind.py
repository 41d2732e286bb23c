"""Blind reading at the desk: which images a question shows stays here; the page never learns it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from recon.doors.view.case import Case
from recon.doors.view.desk import Desk, UnknownCase
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
    book, cases = _book(desk), _by_key(desk)
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
                "gone": len(_gone(one, cases)),
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
    """The next question of a reader; ``trial`` is null when all are answered.

    What is no longer there, or was made again since the study was begun, is not asked: ``gone`` counts such items.
    """
    book, reader = _book(desk), named(reader)
    one, cases = study.study_of(book, number), _by_key(desk)
    trials, given, gone = one.trials(reader), study.answers(book, one).get(reader, {}), _gone(one, cases)
    open_places = (place for place, trial in enumerate(trials) if place not in given and trial.item not in gone)
    place = next(open_places, None)
    shown: dict[str, Any] = {
        "name": one.name,
        "design": str(one.design),
        "question": one.question,
        "trial": place,
        "questions": len(trials),
        "gone": len(gone),
    }
    if place is None:
        return shown
    images = desk.images(cases[one.items[trials[place].item].key])
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
    item, cases = one.items[trials[trial].item], _by_key(desk)
    if trials[trial].item in _gone(one, cases):
        raise UnknownCase(f"the result of question {trial + 1} is gone or was made again; leave and read on")
    return desk.images(cases[item.key]).read(trials[trial].images[side], item.index)


def answer(desk: Desk, number: int, given: Mapping[str, Any]) -> dict[str, Any]:
    """Keep an answer; gives the next question. One about a result that was made again meanwhile is not kept."""
    try:
        trial, chosen, seconds = int(given["trial"]), int(given["answer"]), float(given.get("seconds") or 0.0)
    except (KeyError, TypeError, ValueError):
        raise InvalidRequest("an answer has a trial, an answer and seconds, all numbers") from None
    book, reader = _book(desk), named(str(given.get("reader") or ""))
    one = study.study_of(book, number)
    trials = one.trials(reader)
    if not (0 <= trial < len(trials) and trials[trial].item in _gone(one, _by_key(desk))):
        study.answer(book, one, reader, trial, chosen, seconds)
    return question(desk, number, reader)


def _by_key(desk: Desk) -> dict[str, Case]:
    return {case.key: case for case in desk.source.cases()}


def _gone(one: study.Study, cases: Mapping[str, Case]) -> set[int]:
    """Items whose result is no longer there, or another one than when the study was begun."""
    return {
        place
        for place, item in enumerate(one.items)
        if (case := cases.get(item.key)) is None or item.report_sha256 not in ("", case.report_sha256)
    }


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
                found.append(study.StudyItem(case.key, case.name, images.first, case.report_sha256))
        except ReconError:  # what can't be opened is not read
            continue
    return found
