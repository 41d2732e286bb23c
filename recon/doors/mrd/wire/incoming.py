"""Bytes of a stream as they come: received into large pieces of memory, and handed out without a copy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from recon.errors import UnreadableInput

_PIECE_BYTES = 4 * 2**20


class ByteSource(Protocol):
    """Where bytes come from: a socket's or a pipe's file, or a file."""

    @property
    def readinto(self) -> Callable[[Any], int | None]:
        """Fills as much of a buffer as there is; 0 at the end."""


class Truncated(UnreadableInput):
    """The stream ended within a message."""


class Incoming:
    """What has come and was not taken yet.

    Memory that was handed out is never written again, so that samples stay where they were received. It grows with
    what comes, whatever size a message announces.

    Parameters
    ----------
    source
        Where it comes from.
    """

    def __init__(self, source: ByteSource) -> None:
        # a buffered source would wait until all of the memory is full
        self._read: Callable[[Any], int | None] = getattr(source, "readinto1", source.readinto)
        self._memory: npt.NDArray[np.uint8] = np.empty(_PIECE_BYTES, np.uint8)
        self._start = self._end = 0

    @property
    def available(self) -> int:
        """Bytes that are here."""
        return self._end - self._start

    def has_ended(self) -> bool:
        """Whether nothing is here and nothing will come; waits for the first byte."""
        return not self.available and not self._receive(1)

    def look(self, size: int, where: str) -> npt.NDArray[np.uint8]:
        """The next bytes, which stay; waits for them.

        Raises
        ------
        Truncated
            When the stream ends before.
        """
        while self.available < size:
            if not self._receive(size):
                raise Truncated(f"the stream ended within {where}")
        return self._memory[self._start : self._start + size]

    def take(self, size: int, where: str) -> npt.NDArray[np.uint8]:
        """The next bytes; see :meth:`look`."""
        found = self.look(size, where)
        self._start += size
        return found

    def _receive(self, wanted: int) -> bool:
        """Read once, with room for so many bytes in a row, as far as as many again have come; False at the end."""
        room = min(wanted, max(_PIECE_BYTES, 2 * self.available))
        if len(self._memory) - self._start < room or self._end == len(self._memory):
            kept = self._memory[self._start : self._end]
            self._memory = np.empty(max(_PIECE_BYTES, room), np.uint8)
            self._memory[: len(kept)] = kept
            self._start, self._end = 0, len(kept)
        count = self._read(self._memory[self._end :].data)
        self._end += count or 0
        return bool(count)
