"""What is booked of a request: what its caller was told, or that there was nobody to tell."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import pytest
from structlog.testing import capture_logs

from recon.errors import DeadlineExceeded, InvalidRequest
from recon.serving.guard import _guarded
from recon.serving.peer import GrpcPeer


class Context:
    """Of a call whose peer is there, or went away without gRPC having said so."""

    def __init__(self, *, there: bool) -> None:
        self.there = there

    def peer(self) -> str:
        return "ipv4:10.0.0.7:4242"

    def time_remaining(self) -> None:
        return None

    def cancelled(self) -> bool:
        return False

    def done(self) -> bool:
        return False

    async def write(self, message: Any) -> None:
        self._fail()

    async def abort_with_status(self, status: Any) -> None:
        self._fail()
        raise grpc.aio.AbortError("Locally aborted.")

    def _fail(self) -> None:
        if not self.there:
            raise grpc.aio.InternalError("Failed execute_batch")


def booked(context: Context, handle: Callable[[], Awaitable[Any]], ends: type[BaseException]) -> dict[str, Any]:
    """The log's one line of a call that ends in an exception."""

    async def run() -> None:
        with pytest.raises(ends):
            await _guarded("toy.Multiply", context, handle)  # type: ignore[arg-type]

    with capture_logs() as lines:
        asyncio.run(run())
    (line,) = lines
    return dict(line)


def raising(error: Exception) -> Callable[[], Awaitable[Any]]:
    async def handle() -> Any:
        raise error

    return handle


def test_what_the_caller_is_told_is_booked() -> None:
    line = booked(Context(there=True), raising(InvalidRequest("rows is 0")), grpc.aio.AbortError)
    assert (line["status"], line["problem"]) == ("INVALID_ARGUMENT", "rows is 0")


def test_a_stream_that_seems_to_end_since_its_peer_went_is_no_fault_of_the_peers() -> None:
    ended = InvalidRequest("the stream ended after 1 of 3 slices")
    line = booked(Context(there=False), raising(ended), asyncio.CancelledError)
    assert (line["status"], line["problem"]) == ("CANCELLED", None)


def test_a_deadline_is_booked_as_one_though_the_peer_has_gone_by_it() -> None:
    line = booked(Context(there=False), raising(DeadlineExceeded("too late")), asyncio.CancelledError)
    assert line["status"] == "DEADLINE_EXCEEDED"


def test_an_answer_that_nobody_is_there_to_take_is_no_defect() -> None:
    context = Context(there=False)
    line = booked(context, lambda: GrpcPeer(context).send(b"a slice"), asyncio.CancelledError)  # type: ignore[arg-type]
    assert (line["event"], line["status"]) == ("request", "CANCELLED")
