"""How long computations are stopped: they call a function between their steps, which raises where nobody waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

#: Returns while the result is wanted; raises :class:`Halted` when it is not.
Halt: TypeAlias = Callable[[], None]


class Halted(Exception):
    """Nobody waits for the result any more."""


def never() -> None:
    """For computations that nobody stops."""
