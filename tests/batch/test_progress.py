"""How fast a run is, in words."""

from __future__ import annotations

from io import StringIO
from typing import cast

from rich.console import Console

from recon.batch.items import Item
from recon.batch.progress import BatchProgress, rate_words
from recon.batch.states import State


def test_rate_in_words() -> None:
    assert rate_words(0, 10, 5) == ""
    assert rate_words(120, 60, 60) == "2.0 items/s, 30 s left"
    assert rate_words(10, 1000, 600) == "1.0 items/min, 16.7 h left"


def test_a_line_before_anything_has_ended_has_no_empty_parts() -> None:
    written = StringIO()
    progress = BatchProgress(Console(file=written, width=200))
    progress.planned({"pending": 1, "done": 0, "rejected": 0, "failed": 0, "skipped": 0})
    progress._line_at -= 60
    progress.item(cast(Item, None), State.PENDING, "")
    assert written.getvalue().splitlines() == ["1 item to do", "0 of 1: none has ended"]
