"""Decisions last, can be taken back, and two readers can write at once."""

from __future__ import annotations

import csv
import io
import json
import multiprocessing
from pathlib import Path

import pytest

from recon.errors import InvalidRequest, OutputFailed, UnreadableInput
from recon.reading.book import NAME, Book
from recon.reading.decisions import Choice, JudgedResult, decide, history, revision, standing, take_back
from recon.reading.export import to_csv, to_json


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path / NAME)


def subject(name: str = "chest", verdict: str = "REVIEW") -> JudgedResult:
    return JudgedResult(name, "ab" * 32, "ct", verdict)


def test_nothing_is_written_by_looking(book: Book) -> None:
    assert history(book) == []
    assert revision(book) == 0
    assert not book.path.exists()


def test_the_last_decision_of_each_reader_counts(book: Book) -> None:
    decide(book, subject(), "Ada", Choice.LOOK, "edge")
    decide(book, subject(), "Bob", Choice.ACCEPT)
    decide(book, subject(), "  Ada ", Choice.REJECT)
    now = standing(history(Book(book.path)))
    assert [(one.reader, one.choice) for one in now] == [("Bob", Choice.ACCEPT), ("Ada", Choice.REJECT)]
    assert len(history(book)) == 3


def test_taking_back_brings_the_one_before_and_erases_nothing(book: Book) -> None:
    decide(book, subject(), "Ada", Choice.ACCEPT)
    decide(book, subject(), "Ada", Choice.REJECT)
    before = revision(book)
    taken = take_back(book, "Ada")
    assert taken is not None
    assert taken.choice is Choice.REJECT
    assert [one.choice for one in standing(history(book))] == [Choice.ACCEPT]
    assert len(history(book)) == 2
    assert revision(book) > before
    take_back(book, "Ada")
    assert standing(history(book)) == []
    assert take_back(book, "Ada") is None


def test_only_the_readers_own_decision_is_taken_back(book: Book) -> None:
    decide(book, subject("one"), "Ada", Choice.ACCEPT)
    decide(book, subject("two"), "Bob", Choice.ACCEPT)
    assert take_back(book, "Ada", "two") is None
    taken = take_back(book, "Ada")
    assert taken is not None
    assert taken.subject.result == "one"


@pytest.mark.parametrize("reader", ["", "   ", "x" * 81])
def test_a_decision_has_a_name(book: Book, reader: str) -> None:
    with pytest.raises(InvalidRequest, match="name"):
        decide(book, subject(), reader, Choice.ACCEPT)
    assert history(book) == []


def _write(path: Path, reader: str, count: int) -> None:
    for number in range(count):
        decide(Book(path), subject(f"case {number}"), reader, Choice.ACCEPT)


def test_two_processes_write_at_once(book: Book) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(book.path, name, 20)) for name in ("Ada", "Bob")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    found = history(book)
    assert len(found) == 40
    assert [one.number for one in found] == list(range(1, 41))


def test_a_file_that_is_no_book_is_named(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(b"no database" * 500)
    with pytest.raises(UnreadableInput, match=NAME):
        history(Book(path))
    with pytest.raises(UnreadableInput, match=NAME):
        decide(Book(path), subject(), "Ada", Choice.ACCEPT)


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(OutputFailed, match="--decisions"):
        decide(Book(tmp_path / "gone" / NAME), subject(), "Ada", Choice.ACCEPT)


def test_export_is_csv_and_json_and_no_formula(book: Book) -> None:
    decide(book, subject('a "quoted", name'), "Ada", Choice.REJECT, '=HYPERLINK("x")\nsecond line')
    rows = list(csv.DictReader(io.StringIO(to_csv(history(book)))))
    assert rows[0]["result"] == 'a "quoted", name'
    assert rows[0]["note"] == '\'=HYPERLINK("x")\nsecond line'
    content = json.loads(to_json(history(book)))
    assert content["decisions"][0]["note"] == '=HYPERLINK("x")\nsecond line'
    assert content["decisions"][0]["choice"] == "reject"
