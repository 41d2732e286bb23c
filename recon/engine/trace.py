"""Who is told when a part of a slice's way began and ended; nobody, unless asked for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, TypeAlias


class Trace(Protocol):
    """Of one stream; called between two parts of a slice, so it must not take long."""

    def begin(self, index: int) -> None:
        """A slice begins; what was received since the last one did was for it."""

    def part(self, name: str, began: float, ended: float, index: int | None) -> None:
        """A part is over.

        Parameters
        ----------
        name
            ``receive``, ``queue``, ``prepare``, ``network``, ``finish``, ``send`` or ``probe``.
        began, ended
            Seconds of :func:`time.perf_counter`.
        index
            Of the slice; None for what is of no one slice.
        """

    def sent(self, index: int) -> None:
        """All of a slice has been sent."""


#: Guards a stream of a task of that name, and hears of what goes wrong in it.
Traced: TypeAlias = Callable[[str], AbstractContextManager[Trace]]
