"""What an answer to C-STORE means for what was sent, PS3.4 B.2.3."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Meaning(Enum):
    """What to do next."""

    SENT = "sent"
    LATER = "the peer has no room; try again"
    REFUSED = "this object is refused"


@dataclass(frozen=True)
class Outcome:
    """Of one object.

    Attributes
    ----------
    meaning
        What to do next.
    words
        For the ledger; of a sent one the warning, if any.
    """

    meaning: Meaning
    words: str = ""


def outcome_of_status(status: int) -> Outcome:
    """What a status of C-STORE means: 0000 and Bxxx sent, A7xx later, all others refused."""
    if status == 0x0000:
        return Outcome(Meaning.SENT)
    if status >> 12 == 0xB or status in (0x0001, 0x0107, 0x0116):
        return Outcome(Meaning.SENT, f"accepted with warning {status:04X}")
    if status >> 8 == 0xA7:
        return Outcome(Meaning.LATER, f"out of resources ({status:04X})")
    return Outcome(Meaning.REFUSED, f"refused with status {status:04X}")


def waiting_s(tries: int, first_s: float, most_s: float) -> float:
    """How long to wait after so many failed tries: doubling, up to the longest."""
    return min(most_s, first_s * 2.0 ** min(max(tries - 1, 0), 60))
