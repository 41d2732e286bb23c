"""A stream to wherever the engine is: it iterates over answers, can be cancelled, and fails in one way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import grpc
from google.protobuf.descriptor import MethodDescriptor
from grpc_status import rpc_status

from recon.errors import DeadlineExceeded, InternalError, ReconError, ServiceUnavailable
from recon.wire.calls import stream_call
from recon.wire.status import from_status

CANCELLED = "cancelled"
_WAIT_S = 0.5


class StreamFailed(Exception):
    """A stream ended before its last answer.

    Attributes
    ----------
    error
        Why.
    wait_s
        How long to wait before another try.
    """

    def __init__(self, error: ReconError, wait_s: float = _WAIT_S) -> None:
        super().__init__(error.problem)
        self.error, self.wait_s = error, wait_s


class Stream(Protocol):
    """One stream under way; iterating raises :class:`StreamFailed`."""

    def __iter__(self) -> Iterator[Any]:
        """Answers as they come."""

    def cancel(self) -> None:
        """Stop; what the stream held is freed."""


#: Sends messages; with a deadline, s.
Opener = Callable[[Iterator[Any], float], Stream]


class GrpcStream:
    """A stream to a service."""

    def __init__(self, call: Any) -> None:
        self._call = call

    def __iter__(self) -> Iterator[Any]:
        try:
            yield from self._call
        except grpc.RpcError as failure:
            raise StreamFailed(*error_from(failure)) from None

    def cancel(self) -> None:
        """Stop; the service frees what the stream held."""
        self._call.cancel()


def grpc_opener(channel: grpc.Channel, method: MethodDescriptor) -> Opener:
    """Opens streams of a method on a channel."""
    call = stream_call(channel, method)
    return lambda messages, timeout_s: GrpcStream(call(messages, timeout=timeout_s))


def error_from(failure: grpc.RpcError) -> tuple[ReconError, float]:
    """Our error for a failed call, and how long to wait before another try."""
    status = rpc_status.from_call(failure)
    if status is not None:
        known, retry = from_status(status)
        if known is not None:
            return known, retry or _WAIT_S
    code, details = failure.code(), failure.details() or "no details"
    if code == grpc.StatusCode.UNAVAILABLE:
        return ServiceUnavailable("the service can't be reached; is it running there?"), _WAIT_S
    if code == grpc.StatusCode.DEADLINE_EXCEEDED:
        return DeadlineExceeded("the service did not answer in time"), _WAIT_S
    if code == grpc.StatusCode.CANCELLED:
        return DeadlineExceeded(CANCELLED), _WAIT_S
    return InternalError(f"{code.name}: {details}"), _WAIT_S
