"""An error's first line, short enough to stand in a list."""

from __future__ import annotations

import pytest

from recon.io.dicom.read.skipped import first_line


@pytest.mark.parametrize(
    ("error", "line"),
    [(ValueError("one\ntwo"), "one"), (KeyError(), "KeyError"), (ValueError("\n "), "ValueError")],
)
def test_first_lines(error: Exception, line: str) -> None:
    assert first_line(error) == line


def test_a_long_line_is_cut() -> None:
    assert len(first_line(ValueError("x" * 999))) == 160
