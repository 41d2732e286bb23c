"""Several readers write one file, which is no book until one of them does."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from recon.errors import OutputFailed, UnreadableInput
from recon.reading.book import NAME, Book
from recon.reading.decisions import Choice, decide, history, revision
from tests.reading.readers import subject


def test_nothing_is_written_by_looking(book: Book) -> None:
    assert history(book) == []
    assert revision(book) == 0
    assert not book.path.exists()


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
