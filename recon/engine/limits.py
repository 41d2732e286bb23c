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
    unread_bytes
        Of messages that are kept for a client that reads no answers while it sends.
    most_operations
        Floating-point operations of a slice, and of what is done to a series as a whole, by a header's estimate;
        ten minutes of a processor that does 1.7 thousand million a second by default.

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
    unread_bytes: int = 256 << 20
    most_operations: float = 1e12

    def __post_init__(self) -> None:
        for bound in fields(self):
            if not getattr(self, bound.name) > 0:
                raise InvalidRequest(f"{bound.name} is {getattr(self, bound.name)}; it must be above 0")

    def for_instances(self, count: int) -> Limits:
        """The same where they let every instance of a model work and one more slice be ready for it."""
        if count == 1:
            return self
        return replace(self, read_ahead=max(self.read_ahead, count + 1), in_flight=max(self.in_flight, count + 1))


def require_operations(needed: float, most: float) -> None:
    """Refuse a header by its estimate of work.

    Raises
    ------
    InvalidRequest
        Naming the estimate and the bound.
    """
    if not needed <= most:
        raise InvalidRequest(
            f"this series needs about {needed:.2g} operations at a time, the service does at most {most:.2g}; send "
            "smaller images or fewer readouts, choose a simpler method, or raise RECON_LIMITS__MOST_OPERATIONS"
        )


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
