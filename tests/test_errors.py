"""Whatever is said of a caller's value is one short line that no terminal obeys."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import structlog
from rich.console import Console

from recon.cli.progress import ProgressDisplay
from recon.doors.node.logs import log as node_log
from recon.errors import LONGEST_LINE, OUTCOMES, ReconError, one_line, plain, quoted
from recon.serving.logs import log_to_stderr
from recon.tasks.chunks import SliceAssembler
from recon.tasks.names import safe
from recon.v1 import common_pb2
from recon.wire.endpoint import checked_address
from recon.wire.status import to_status

#: Clears the screen, rings, returns, sets a title (C1), turns the direction of writing, ends a line.
NASTY = "\x1b[2J\a\r\x9d0;title\x9c\u202e\u2028\n"
HUGE = 4 * 2**20


@pytest.mark.parametrize("kind", [ReconError, *OUTCOMES])
def test_every_error_is_one_short_plain_line(kind: type[ReconError]) -> None:
    error = kind(f"{NASTY}{'x' * HUGE}")
    for said in (error.problem, str(error), one_line(error)):
        assert said.isprintable()
        assert len(said) <= LONGEST_LINE
    assert to_status(error).ByteSize() < 4 * LONGEST_LINE


def test_ordinary_words_stay_as_they_are() -> None:
    words = "Größe: 3 × 4 mm,  noise σ → ok"
    assert plain(words) == words
    assert quoted("hu") == "'hu'"
    assert len(quoted("y" * HUGE)) < 100


def _wrong_input() -> None:
    SliceAssembler(8, 8, 1, np.dtype("<f4"), "hu").add(common_pb2.Chunk(input=NASTY + "z" * HUGE, data=b"1"))


@pytest.mark.parametrize("fails", [_wrong_input, lambda: checked_address(NASTY + "z" * HUGE, "--server")])
def test_a_huge_value_is_quoted_short_and_the_rest_of_the_line_is_there(fails: Callable[[], None]) -> None:
    with pytest.raises(ReconError) as caught:
        fails()
    assert caught.value.problem.isprintable()
    assert len(caught.value.problem) < 300
    assert "expected 'hu'" in caught.value.problem or "HOST:PORT" in caught.value.problem


@pytest.fixture
def _as_before() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.mark.usefixtures("_as_before")
def test_logs_are_bounded_whatever_is_handed_to_them(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr(logging.INFO)
    structlog.get_logger().info("request", series=NASTY + "x" * HUGE, slices=3)
    node_log("refused", why=NASTY + "x" * HUGE)
    said = capsys.readouterr().err
    assert len(said) < 4 * LONGEST_LINE
    assert all(line.isprintable() and isinstance(json.loads(line), dict) for line in said.splitlines())


def test_a_terminal_is_told_nothing_but_text() -> None:
    out = io.StringIO()
    with ProgressDisplay(Console(file=out, force_terminal=False, width=10**6)) as display:
        display.say(f"skipped {NASTY}name.dcm: no slice")
    assert out.getvalue().rstrip("\n").isprintable()
    assert safe(f"a{NASTY}b").isprintable()
    assert safe(Path("scan.nii").name) == "scan.nii"
