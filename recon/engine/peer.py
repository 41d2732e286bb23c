"""Who the engine talks to: something that sends messages and takes answers."""

from __future__ import annotations

from typing import Any, Protocol


class Peer(Protocol):
    """The other end of one stream.

    A peer that goes away cancels the task in which the engine runs its stream.
    """

    async def receive(self) -> Any:
        """The next message; None when no more will come."""

    async def send(self, message: Any) -> None:
        """Hand over an answer; returns when the peer has room for another."""

    @property
    def name(self) -> str:
        """Who it is, as far as that is known: streams of one name count together."""

    @property
    def deadline(self) -> float | None:
        """When its answers are worth nothing any more, seconds of :func:`time.monotonic`; None for never."""
