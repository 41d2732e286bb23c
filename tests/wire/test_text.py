"""Texts of a request are one line and not endless."""

from __future__ import annotations

import pytest

from recon.errors import InvalidRequest
from recon.v1 import ct_pb2
from recon.wire.text import LONGEST_TEXT, bounded_text


@pytest.mark.parametrize("text", ["", "chest", "ü" * LONGEST_TEXT])
def test_a_line_is_taken(text: str) -> None:
    bounded_text(ct_pb2.CtHeader(model=text, rows=4))


@pytest.mark.parametrize(
    ("text", "words"), [("a" * (LONGEST_TEXT + 1), "257 characters"), ("a\nb", "one line"), ("a\0", "one line")]
)
def test_others_are_refused_by_the_name_of_the_field(text: str, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words) as refused:
        bounded_text(ct_pb2.CtHeader(model=text))
    assert refused.value.field == "model"
