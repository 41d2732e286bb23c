"""What readers decided stands in the report of a run, and nothing in it runs."""

from __future__ import annotations

import io
from pathlib import Path

from recon.batch.decided import write_decisions
from recon.reading.book import NAME, Book
from recon.reading.decisions import Choice, decide
from tests.reading.readers import subject


def page_of(folder: Path) -> str:
    page = io.StringIO()
    write_decisions(page, folder)
    return page.getvalue()


def test_where_nobody_decided_nothing_is_said(tmp_path: Path) -> None:
    assert page_of(tmp_path) == ""


def test_decisions_are_counted_by_verdict_and_listed(tmp_path: Path) -> None:
    book = Book(tmp_path / NAME)
    decide(book, subject("chest", "REVIEW"), "Ada", Choice.ACCEPT, "as it should be")
    decide(book, subject("head", "PASS"), "<script>Bob</script>", Choice.REJECT, "")
    page = page_of(tmp_path)
    assert "<td>REVIEW" in page
    assert "as it should be" in page
    assert "<script>" not in page
    assert page.index("head") < page.index("chest", page.index("<th>Result"))  # the last first


def test_a_file_that_is_no_book_is_said(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("words that are no database, and long enough to be looked at as one" * 20)
    assert 'class="failed"' in page_of(tmp_path)
