"""What bounds the memory and the patience of the engine."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields, replace

from recon.errors import InvalidRequest


@dataclass(frozen=True)
class Limits:
    """Bounds, all above 0.

    Attributes
    ----------
    most_streams
        Series at a time.
    read_ahead
        Finished or running slices held per series.
    in_flight
        Slices with the models at a time.
    idle_s
        Longest time without progress of a peer, s; messages that bring nothing are none.
    most_streams_of_peer
        Series at a time of one caller.
    longest_s
        That a stream may last, s.
    most_bytes
        Held for all streams together; half of the machine's memory by default.

    Raises
    ------
    InvalidRequest
        When one is not above 0.
    """

    most_streams: int = 32
    read_ahead: int = 2
    in_flight: int = 2
    idle_s: float = 60.0
    most_streams_of_peer: int = 24
    longest_s: float = 4 * 3600.0
    most_bytes: int = field(default_factory=lambda: _memory() // 2)

    def __post_init__(self) -> None:
        for bound in fields(self):
            if not getattr(self, bound.name) > 0:
                raise InvalidRequest(f"{bound.name} is {getattr(self, bound.name)}; it must be above 0")

    def for_instances(self, count: int) -> Limits:
        """The same where they let every instance of a model work and one more slice be ready for it."""
        if count == 1:
            return self
        return replace(
            self, read_ahead=max(self.read_ahead, count + 1), in_flight=max(self.in_flight, count + 1)
        )  # fmt: skip


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
