"""Decisions last, can be taken back, and two readers can write at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from recon.errors import InvalidRequest
from recon.reading.book import Book
from recon.reading.decisions import Choice, decide, history, revision, standing, take_back
from tests.reading.readers import subject


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
    assert take_back(book, "Ada", subject("two")) is None
    taken = take_back(book, "Ada")
    assert taken is not None
    assert taken.subject.result == "one"


def test_two_results_of_one_name_are_two(book: Book) -> None:
    """Two models, or two patients: the name of a folder alone is no result."""
    one, other = subject(), replace(subject(), report_sha256="cd" * 32)
    decide(book, one, "Ada", Choice.ACCEPT)
    decide(book, other, "Ada", Choice.REJECT)
    assert [(it.subject, it.choice) for it in standing(history(book))] == [(one, Choice.ACCEPT), (other, Choice.REJECT)]
    taken = take_back(book, "Ada", one)
    assert taken is not None
    assert taken.subject == one
    assert [it.subject for it in standing(history(book))] == [other]


@pytest.mark.parametrize("reader", ["", "   ", "x" * 81])
def test_a_decision_has_a_name(book: Book, reader: str) -> None:
    with pytest.raises(InvalidRequest, match="name"):
        decide(book, subject(), reader, Choice.ACCEPT)
    assert history(book) == []
