"""How many items are under way at a server: as many as it takes, found out by its answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class FlowWindow:
    """A bound that grows by one a round of successes and is halved when the server is full.

    Additive increase, multiplicative decrease, as TCP does (Chiu & Jain, Computer Networks 17:1, 1989).

    Parameters
    ----------
    start, most
        Items at a time, at first and at most.
    """

    def __init__(self, start: int = 2, most: int = 8) -> None:
        self._most = max(1, most)
        self._size = float(min(max(1, start), self._most))
        self._busy = 0
        self._alone = False
        self._not_before = 0.0
        self._halved = 0.0
        self._changed = threading.Condition()
        self._stopped = False

    @property
    def size(self) -> int:
        """Items that may be under way now."""
        return int(self._size)

    @property
    def busy(self) -> int:
        """Items that are under way now."""
        return self._busy

    @contextmanager
    def place(self, alone: bool = False) -> Iterator[bool]:
        """Wait for a place and hold it; yields False when the run was stopped instead.

        Parameters
        ----------
        alone
            Wait until nothing else is under way, and keep it so.
        """
        with self._changed:
            while not self._stopped and not self._free(alone):
                self._changed.wait(max(0.01, min(0.5, self._not_before - time.monotonic())))
            granted = not self._stopped
            if granted:
                self._busy += 1
                self._alone = alone
        try:
            yield granted
        finally:
            if granted:
                with self._changed:
                    self._busy -= 1
                    self._alone = False
                    self._changed.notify_all()

    def succeeded(self) -> None:
        """The server did an item."""
        with self._changed:
            self._size = min(self._most, self._size + 1 / self._size)
            self._changed.notify_all()

    def refused(self, wait_s: float) -> None:
        """The server is full: half as many, and none for ``wait_s``."""
        with self._changed:
            now = time.monotonic()
            if now - self._halved > wait_s / 2:  # answers to one burst count once
                self._size, self._halved = max(1.0, self._size / 2), now
            self._not_before = max(self._not_before, now + wait_s)

    def stop(self) -> None:
        """Let nobody wait any more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _free(self, alone: bool) -> bool:
        if self._alone or time.monotonic() < self._not_before:
            return False
        return self._busy == 0 if alone else self._busy < int(self._size)
