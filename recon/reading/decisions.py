"""What readers decide about results: kept for ever, taken back but never erased, several readers at once."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from recon.errors import InvalidRequest
from recon.reading.book import Book

_LONGEST_NAME, _LONGEST_NOTE = 80, 4000


class Choice(StrEnum):
    """What a reader thinks of a result."""

    ACCEPT = "accept"
    LOOK = "look"  # needs a look by somebody else
    REJECT = "reject"


@dataclass(frozen=True)
class JudgedResult:
    """What a decision is about.

    Attributes
    ----------
    result
        Name of the result folder.
    report_sha256
        Of its ``report.json``: a result that was made again is another subject.
    task, verdict
        As the report says.
    """

    result: str
    report_sha256: str
    task: str
    verdict: str


@dataclass(frozen=True)
class Decision:
    """One decision.

    Attributes
    ----------
    number
        In the order in which they were made, from 1.
    subject
        What it is about.
    reader, choice, note
        Who thinks what, and why.
    made, taken_back
        When; None while it stands.
    """

    number: int
    subject: JudgedResult
    reader: str
    choice: Choice
    note: str
    made: datetime
    taken_back: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON; times in ISO 8601, UTC."""
        return {
            "number": self.number,
            "result": self.subject.result,
            "report_sha256": self.subject.report_sha256,
            "task": self.subject.task,
            "verdict": self.subject.verdict,
            "reader": self.reader,
            "choice": str(self.choice),
            "note": self.note,
            "made": self.made.isoformat(timespec="milliseconds"),
            "taken_back": self.taken_back.isoformat(timespec="milliseconds") if self.taken_back else None,
        }


def decide(book: Book, subject: JudgedResult, reader: str, choice: Choice, note: str = "") -> Decision:
    """Write a decision down; an earlier one of the same reader about the same result no longer counts.

    Raises
    ------
    InvalidRequest
        When the reader has no name, or name or note are too long.
    OutputFailed
        When it can't be written.
    """
    reader, note = named(reader), note.strip()
    if len(note) > _LONGEST_NOTE:
        raise InvalidRequest(f"the note has {len(note)} characters; {_LONGEST_NOTE} at most", field="note")
    made = time.time()
    with book.writing() as base:
        row = base.execute(
            "INSERT INTO decisions (result, report_sha256, task, verdict, reader, choice, note, made) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING *",
            (subject.result, subject.report_sha256, subject.task, subject.verdict, reader, str(choice), note, made),
        ).fetchone()
    return _decision(row)


def take_back(book: Book, reader: str, subject: JudgedResult | None = None) -> Decision | None:
    """Take the last decision of a reader back that still stands, so that the one before it counts again.

    Parameters
    ----------
    book
        Where it stands.
    reader
        Whose.
    subject
        About which result; by default whichever was decided last.

    Returns
    -------
    Decision or None
        What was taken back; None where nothing stands.
    """
    result, digest = (None, None) if subject is None else (subject.result, subject.report_sha256)
    with book.writing() as base:
        row = base.execute(
            "UPDATE decisions SET taken_back = ? WHERE number = (SELECT max(number) FROM decisions "
            "WHERE reader = ? AND taken_back IS NULL AND result = coalesce(?, result) "
            "AND report_sha256 = coalesce(?, report_sha256)) RETURNING *",
            (time.time(), named(reader), result, digest),
        ).fetchone()
    return None if row is None else _decision(row)


def history(book: Book) -> list[Decision]:
    """Every decision ever made, also those taken back, in order."""
    with book.reading() as base:
        if base is None:
            return []
        return [_decision(row) for row in base.execute("SELECT * FROM decisions ORDER BY number")]


def standing(decisions: Iterable[Decision]) -> list[Decision]:
    """Of each reader and result the last decision that was not taken back, in order.

    A name alone is no result: folders of two models or two patients may share one.
    """
    last: dict[tuple[str, str, str], Decision] = {}
    for decision in decisions:
        if decision.taken_back is None:
            last[decision.subject.result, decision.subject.report_sha256, decision.reader] = decision
    return sorted(last.values(), key=lambda decision: decision.number)


def revision(book: Book) -> int:
    """A number that grows with every change."""
    with book.reading() as base:
        if base is None:
            return 0
        return int(base.execute("SELECT count(*) + count(taken_back) FROM decisions").fetchone()[0])


def named(reader: str) -> str:
    """A reader's name, trimmed.

    Raises
    ------
    InvalidRequest
        When nothing is left, or too much.
    """
    name = " ".join(reader.split())
    if not name or len(name) > _LONGEST_NAME:
        raise InvalidRequest(f"a reader's name has 1 to {_LONGEST_NAME} characters", field="reader")
    return name


def _decision(row: sqlite3.Row) -> Decision:
    subject = JudgedResult(row["result"], row["report_sha256"], row["task"], row["verdict"])
    back = None if row["taken_back"] is None else datetime.fromtimestamp(row["taken_back"], UTC)
    made = datetime.fromtimestamp(row["made"], UTC)
    return Decision(row["number"], subject, row["reader"], Choice(row["choice"]), row["note"], made, back)
