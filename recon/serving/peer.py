"""A gRPC call as the engine's peer."""

from __future__ import annotations

import time
from typing import Any, TypeAlias

import grpc

from recon.errors import ReconError

#: Of a call, as gRPC hands it to a method.
GrpcContext: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class PeerGone(Exception):
    """There is nobody to tell any more, which gRPC may say at a write before it cancels the call."""


async def abort(context: GrpcContext, status: Any) -> None:
    """End a call with a status.

    Raises
    ------
    grpc.aio.AbortError
        Always where the peer is told.
    PeerGone
        When it is not.
    """
    try:
        await context.abort_with_status(status)
    except grpc.aio.InternalError as error:
        raise PeerGone from error


class GrpcPeer:
    """The caller of a streaming method; gRPC cancels the handler when it goes away."""

    def __init__(self, context: GrpcContext) -> None:
        self._context = context
        #: The caller's address without its port; a call that has ended no longer knows it.
        self.name: str = context.peer().rpartition(":")[0]
        left = context.time_remaining()
        self._deadline = None if left is None else time.monotonic() + left

    async def receive(self) -> Any:
        """The next message; None when no more will come.

        Raises
        ------
        InvalidRequest
            When it is none of this method, or one that would take long to read.
        """
        message = await self._context.read()
        if isinstance(message, ReconError):
            raise message
        return None if message is grpc.aio.EOF else message

    async def send(self, message: Any) -> None:
        """Hand over an answer.

        Raises
        ------
        PeerGone
            When it can't be written.
        """
        try:
            await self._context.write(message)
        except grpc.aio.InternalError as error:
            raise PeerGone from error

    @property
    def deadline(self) -> float | None:
        """Of the call, seconds of :func:`time.monotonic`."""
        return self._deadline
