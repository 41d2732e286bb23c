"""One request as the load generator saw it: when it was due, sent, answered, and what came back."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

OK = "OK"
#: Above this many bytes an answer is hashed on a thread, so that the generator is not late for the next request.
_INLINE_BYTES = 64 * 1024


@dataclass(frozen=True)
class Reply:
    """What a route returns.

    Attributes
    ----------
    slices
        Finished images that came back, in order and without gaps.
    pixels
        Their bytes as they came.
    first_s, done_s
        Monotonic time of the first image and of the end, s.
    status
        ``OK`` or the name of the gRPC status.
    timings_ms
        Where the time went, as the service's report says; empty where there is none.
    """

    slices: int
    pixels: Sequence[bytes | memoryview]
    first_s: float | None
    done_s: float
    status: str = OK
    timings_ms: Mapping[str, float] = field(default_factory=dict)


class Route(Protocol):
    """A way to get images made, such as the bare runtime or the gateway."""

    def __call__(self, item: int, slices: int) -> Awaitable[Reply]:
        """The answer to input number ``item`` as a series of ``slices``."""


@dataclass(frozen=True)
class Observation:
    """Raw record of a request; all times are seconds of the same monotonic clock.

    Attributes
    ----------
    item
        Number of the input.
    due_s
        When the schedule wanted it sent; in a closed loop when it was sent.
    sent_s
        When the generator got to send it.
    first_s, done_s
        First image, and the end.
    status
        ``OK`` or what went wrong.
    slices
        Images that came back.
    digest
        Of their pixels.
    problem
        Why the answer is wrong; empty when it is right.
    timings_ms
        Of the reply.
    """

    item: int
    due_s: float
    sent_s: float
    first_s: float | None
    done_s: float
    status: str
    slices: int
    digest: str
    problem: str = field(default="")
    timings_ms: Mapping[str, float] = field(default_factory=dict)

    @property
    def latency_s(self) -> float:
        """From the scheduled moment to the end: what a caller waits who does not wait for others."""
        return self.done_s - self.due_s

    @property
    def service_s(self) -> float:
        """From the moment of sending to the end."""
        return self.done_s - self.sent_s

    @property
    def lateness_s(self) -> float:
        """How much later than due the generator sent it."""
        return self.sent_s - self.due_s


async def observe(route: Route, item: int, slices: int, due_s: float | None, timeout_s: float) -> Observation:
    """Send one request now and record it; whatever goes wrong becomes its status."""
    sent = time.monotonic()
    due = sent if due_s is None else due_s
    try:
        reply = await asyncio.wait_for(route(item, slices), timeout_s)
    except TimeoutError:
        return Observation(item, due, sent, None, time.monotonic(), "TIMEOUT", 0, "")
    except Exception as error:
        name = getattr(error, "code", None)
        status = name().name if callable(name) else type(error).__name__
        return Observation(item, due, sent, None, time.monotonic(), status, 0, "")
    if sum(len(part) for part in reply.pixels) > _INLINE_BYTES:
        found = await asyncio.to_thread(digest, reply.pixels)
    else:
        found = digest(reply.pixels)
    timings = reply.timings_ms
    return Observation(
        item, due, sent, reply.first_s, reply.done_s, reply.status, reply.slices, found, timings_ms=timings
    )


def digest(pixels: Sequence[bytes | memoryview]) -> str:
    """Sixteen hexadecimal digits of the SHA-256 of the pixels."""
    found = hashlib.sha256()
    for part in pixels:
        found.update(part)
    return found.hexdigest()[:16]
