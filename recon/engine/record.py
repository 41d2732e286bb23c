"""What is said of a stream when it has ended."""

from __future__ import annotations

import contextvars
from typing import Any


class StreamRecord:
    """What a stream's log line will say."""

    def __init__(self, method: str) -> None:
        self.method = method
        self.slices_done = 0
        self.fields: dict[str, Any] = {}

    def note(self, **fields: Any) -> None:
        """Add fields to the line."""
        self.fields.update(fields)


_RECORD: contextvars.ContextVar[StreamRecord] = contextvars.ContextVar("stream")


def begin(method: str) -> StreamRecord:
    """A new record, which is the current one from now on."""
    record = StreamRecord(method)
    _RECORD.set(record)
    return record


def current() -> StreamRecord:
    """The record of the stream that is being handled."""
    return _RECORD.get(StreamRecord("none"))
