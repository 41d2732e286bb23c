"""A call is a peer: its messages, its end, its name without the port, its deadline."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import grpc
import pytest

from recon.errors import InvalidRequest
from recon.serving.peer import GrpcPeer


class Context:
    """What gRPC hands to a handler."""

    def __init__(self, messages: list[Any], left: float | None = None, peer: str = "ipv4:10.0.0.7:4242") -> None:
        self._messages, self._left, self._peer = messages, left, peer
        self.written: list[Any] = []

    def time_remaining(self) -> float | None:
        return self._left

    def peer(self) -> str:
        return self._peer

    async def read(self) -> Any:
        return self._messages.pop(0) if self._messages else grpc.aio.EOF

    async def write(self, message: Any) -> None:
        self.written.append(message)


def test_messages_come_in_order_and_then_none() -> None:
    peer: Any = GrpcPeer(Context(["first", "second"]))  # type: ignore[arg-type]
    assert [asyncio.run(peer.receive()) for _ in range(3)] == ["first", "second", None]


def test_a_message_that_could_not_be_read_is_its_error() -> None:
    with pytest.raises(InvalidRequest, match="none of ours"):
        asyncio.run(GrpcPeer(Context([InvalidRequest("none of ours")])).receive())  # type: ignore[arg-type]


def test_answers_are_written() -> None:
    context = Context([])
    asyncio.run(GrpcPeer(context).send("answer"))  # type: ignore[arg-type]
    assert context.written == ["answer"]


@pytest.mark.parametrize(("peer", "name"), [("ipv4:10.0.0.7:4242", "ipv4:10.0.0.7"), ("ipv6:[::1]:4242", "ipv6:[::1]")])
def test_calls_of_one_machine_count_together(peer: str, name: str) -> None:
    assert GrpcPeer(Context([], peer=peer)).name == name  # type: ignore[arg-type]


def test_a_call_that_has_ended_is_still_its_callers() -> None:
    context = Context([])
    peer = GrpcPeer(context)  # type: ignore[arg-type]
    context._peer = ""  # what gRPC says of a connection that is gone
    assert peer.name == "ipv4:10.0.0.7"


def test_the_deadline_is_the_calls() -> None:
    assert GrpcPeer(Context([])).deadline is None  # type: ignore[arg-type]
    before = time.monotonic()
    deadline = GrpcPeer(Context([], 30.0)).deadline  # type: ignore[arg-type]
    assert deadline is not None
    assert before + 30 <= deadline <= time.monotonic() + 30
