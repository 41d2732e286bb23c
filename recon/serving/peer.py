"""A gRPC call as the engine's peer."""

from __future__ import annotations

import time
from typing import Any, TypeAlias

import grpc

from recon.wire.raw import message_of

_Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class GrpcPeer:
    """The caller of a streaming method; gRPC cancels the handler when it goes away.

    Parameters
    ----------
    context
        Of the call, which hands over messages as bytes.
    request
        Class of the messages.
    """

    def __init__(self, context: _Context, request: Any) -> None:
        self._context, self._request = context, request
        self.received_bytes = 0
        left = context.time_remaining()
        self._deadline = None if left is None else time.monotonic() + left

    async def receive(self) -> Any:
        """The next message; None when no more will come.

        Raises
        ------
        InvalidRequest
            When it is none of this method, or would take long to read.
        """
        raw = await self._context.read()
        if raw is grpc.aio.EOF:
            return None
        self.received_bytes = len(raw)
        return message_of(raw, self._request)

    async def send(self, message: Any) -> None:
        """Hand over an answer."""
        await self._context.write(message)

    @property
    def name(self) -> str:
        """The caller's address without its port."""
        return self._context.peer().rpartition(":")[0]

    @property
    def deadline(self) -> float | None:
        """Of the call, seconds of :func:`time.monotonic`."""
        return self._deadline
