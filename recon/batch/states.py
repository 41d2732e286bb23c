"""Where an item stands, and what that makes of the exit status."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

#: What begins the reason of an input that was still being written.
UNSTABLE = "unstable: "


class State(StrEnum):
    """Of an item, or of a file that belongs to none."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    REJECTED = "rejected"
    FAILED = "failed"
    SKIPPED = "skipped"


#: States whose results lie under their final name.
PUBLISHED = (State.DONE, State.REJECTED)


def exit_status(counts: Mapping[str, int]) -> int:
    """Exit status of a run: 0 all done, 1 something failed, was rejected or is left, 2 nothing could start.

    Parameters
    ----------
    counts
        By state, with ``unstable`` (the part of the skipped that was still being written).
    """
    left = counts.get("failed", 0) + counts.get("rejected", 0) + counts.get("pending", 0) + counts.get("running", 0)
    if left or counts.get("unstable", 0):
        return 1
    return 0 if counts.get("done", 0) else 2
