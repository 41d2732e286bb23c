"""A terminal has a bar, anything else plain lines that hold what was said."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from recon.cli.progress import ProgressDisplay


@pytest.mark.parametrize("terminal", [True, False])
def test_what_is_said_is_a_line_of_its_own(terminal: bool) -> None:
    out = io.StringIO()
    with ProgressDisplay(Console(file=out, force_terminal=terminal, width=80)) as display:
        for name in ("first", "second"):
            display.begin(name)
            display.advance(1, 2)
            display.say(f"{name}: [bold]done[/bold]")
    words = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", out.getvalue())
    for name in ("first", "second"):
        assert f"{name}: [bold]done[/bold]\n" in words
    assert ("\x1b[" in out.getvalue()) == terminal


def test_progress_of_nothing_is_none() -> None:
    with ProgressDisplay(Console(file=io.StringIO())) as display:
        display.advance(1, 2)
