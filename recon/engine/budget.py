"""Bytes that all streams of an engine may hold together; what does not fit is refused before it is sent."""

from __future__ import annotations

import threading
from types import TracebackType

from recon.errors import InvalidRequest, TooManyRequests

_MIB = 1 << 20


class Budget:
    """A bound that streams take from and give back to, on any thread.

    Parameters
    ----------
    total
        Bytes.
    """

    def __init__(self, total: int) -> None:
        self.total, self.held = total, 0
        self.mutex = threading.Lock()

    def account(self) -> Account:
        """An account of one stream, empty."""
        return Account(self)


class Account:
    """What one stream holds; all of it is given back when the block ends."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._closed = False
        self.held = 0

    def __enter__(self) -> Account:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._budget.mutex:
            self._budget.held -= self.held
            self.held = 0
            self._closed = True

    def change(self, by: int) -> None:
        """Hold so many bytes more, or less where it is negative; nothing once the block has ended.

        Raises
        ------
        InvalidRequest
            When the stream alone needs more than there is.
        TooManyRequests
            When the others leave too little.
        """
        with self._budget.mutex:
            self._change(by)

    def _change(self, by: int) -> None:
        if self._closed:  # a thread that works for a stream goes on when that is cancelled
            return
        budget = self._budget
        if self.held + by > budget.total:
            raise InvalidRequest(
                f"this series needs {(self.held + by) // _MIB} MiB, the service holds at most {budget.total // _MIB}; "
                "send it in parts, or raise RECON_LIMITS__MOST_BYTES"
            )
        if by > 0 and budget.held + by > budget.total:
            raise TooManyRequests(
                f"{by // _MIB} MiB are needed and {(budget.total - budget.held) // _MIB} free; try again later"
            )
        budget.held += by
        self.held += by
