"""What a status of C-STORE means, PS3.4 table B.2-1, and how long to wait for the next try."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.doors.node.outcome import Meaning, outcome_of_status, waiting_s


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (0x0000, Meaning.SENT),
        (0xB000, Meaning.SENT),
        (0xB007, Meaning.SENT),
        (0x0107, Meaning.SENT),
        (0xA700, Meaning.LATER),
        (0xA702, Meaning.LATER),
        (0xA7FF, Meaning.LATER),
        (0xA900, Meaning.REFUSED),
        (0xC000, Meaning.REFUSED),
        (0xC123, Meaning.REFUSED),
        (0x0110, Meaning.REFUSED),
        (0x0112, Meaning.REFUSED),
        (0x0122, Meaning.REFUSED),
        (0x0124, Meaning.REFUSED),
    ],
)
def test_what_a_status_means(status: int, meaning: Meaning) -> None:
    """nextgen connect#3858: a failure status was counted as sent."""
    found = outcome_of_status(status)
    assert found.meaning is meaning
    assert (found.words == "") == (status == 0)


@given(st.integers(0, 0xFFFF))
def test_a_status_that_nobody_knows_is_never_sent(status: int) -> None:
    if outcome_of_status(status).meaning is Meaning.SENT:
        assert status >> 12 == 0xB or status in (0, 1, 0x0107, 0x0116)


@given(st.integers(0, 10_000))
def test_waiting_doubles_and_ends_growing(tries: int) -> None:
    assert 5 <= waiting_s(tries, 5, 600) <= waiting_s(tries + 1, 5, 600) <= 600
    assert [waiting_s(tries, 5, 600) for tries in (1, 2, 3, 99)] == [5, 10, 20, 600]
