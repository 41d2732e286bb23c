"""What an archive answers to STOW-RS, object by object; an answer that lists nothing is no success."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.doors.node.outcome import Meaning
from recon.doors.node.stow import answers_of


def item(sop: str, **numbers: int) -> dict[str, object]:
    found: dict[str, object] = {"00081155": {"vr": "UI", "Value": [sop]}}
    return found | {tag.removeprefix("t"): {"vr": "US", "Value": [number]} for tag, number in numbers.items()}


def answer(stored: list[object], failed: list[object]) -> dict[str, object]:
    return {"00081199": {"vr": "SQ", "Value": stored}, "00081198": {"vr": "SQ", "Value": failed}}


@pytest.mark.parametrize("wrapped", [False, True])
def test_each_object_has_its_own_outcome(wrapped: bool) -> None:
    told = answer(
        [item("1.1"), item("1.2", t00081196=0xB000)], [item("1.3", t00081197=0xA700), item("1.4", t00081197=0xA900)]
    )
    found = answers_of(json.dumps([told] if wrapped else told).encode())
    assert found is not None
    assert {sop: outcome.meaning for sop, outcome in found.items()} == {
        "1.1": Meaning.SENT,
        "1.2": Meaning.SENT,
        "1.3": Meaning.LATER,
        "1.4": Meaning.REFUSED,
    }
    assert "B000" in found["1.2"].words
    assert "A900" in found["1.4"].words


@pytest.mark.parametrize("content", [b"", b"OK", b"[]", b"{}", b"3", b"null", json.dumps(answer([], [])).encode()])
def test_an_answer_without_a_list_says_nothing(content: bytes) -> None:
    assert answers_of(content) is None


@given(st.binary(max_size=60))
def test_any_bytes_say_nothing(content: bytes) -> None:
    assert answers_of(content) is None
