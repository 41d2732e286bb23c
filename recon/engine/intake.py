"""What a peer sends, in order; more than one message ahead only where it reads none of its answers."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable
from typing import Any

from recon.engine.budget import Account
from recon.engine.patience import Patience
from recon.engine.peer import Peer
from recon.errors import InvalidRequest, ReconError

#: So long a peer may take to read an answer before what it still sends is kept.
_UNREAD_S = 0.5
#: A message of no more bytes brings no samples: it keeps no place.
_NOTHING_BYTES = 32


class Intake:
    """The messages of one stream.

    A client that writes its whole series before it reads anything would wait for us as we for it. So while an
    answer waits to be read, messages are kept, charged to the stream's account, until the series is in: then it is
    for the client to read. Where they do not fit they are taken and dropped, since a status travels behind the answers
    that are not read: so the client gets as far as reading, and is told then.

    Parameters
    ----------
    peer
        Who sends.
    account
        That kept messages are charged to.
    patience
        That the peer is held to.
    most_bytes
        Of messages kept.

    Attributes
    ----------
    failed
        What the peer is to be told instead of further answers; None while nothing went wrong.
    """

    def __init__(self, peer: Peer, account: Account, patience: Patience, most_bytes: int) -> None:
        self._peer, self._account, self._patience, self._most = peer, account, patience, most_bytes
        self._kept: deque[tuple[Any, int]] = deque()
        self._bytes = 0
        self._ended = False
        self._reading: asyncio.Future[Any] | None = None
        self.failed: ReconError | None = None

    async def next(self) -> Any:
        """The next message, None at the end of the stream."""
        if self.failed is not None:
            raise self.failed
        if self._kept:
            message, size = self._kept.popleft()
            self._bytes -= size
            self._account.change(-size)
            return message
        if self._ended:
            return None
        self._patience.receiving()
        message = None
        try:
            message = await (self._peer.receive() if self._reading is None else self._begun())
        finally:
            self._patience.received(brings=message is not None and message.ByteSize() > _NOTHING_BYTES)
        return message

    async def beside(self, waiting: Awaitable[None]) -> None:
        """Wait for something of this stream's own, and keep what comes while the peer does not read."""
        task = asyncio.ensure_future(waiting)
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=_UNREAD_S)
                while not task.done() and not self._ended and self._patience.unread_s > _UNREAD_S:
                    if self._reading is None:
                        self._reading = asyncio.ensure_future(self._peer.receive())
                    await asyncio.wait(
                        {task, self._reading}, timeout=_UNREAD_S, return_when=asyncio.FIRST_COMPLETED
                    )  # fmt: skip
                    if self._reading.done():
                        self._keep(await self._begun())
            await task
        finally:
            if not task.done():
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def close(self) -> None:
        """Nobody reads any more."""
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _begun(self) -> Any:
        """The message that is being read already."""
        assert self._reading is not None
        # who stops waiting must not lose the message that comes later
        message = await asyncio.shield(self._reading)
        self._reading = None
        self._ended = message is None
        return message

    def _keep(self, message: Any) -> None:
        self._patience.progress()
        if message is None or self.failed is not None:
            return
        size = message.ByteSize()
        try:
            if self._bytes + size > self._most:
                raise InvalidRequest(f"{self._bytes >> 20} MiB came while no answer was read")
            self._account.change(size)
        except ReconError as error:
            self.failed = InvalidRequest(f"{error.problem}; read answers while the series is sent")
            self._account.change(-self._bytes)
            self._bytes = 0
            self._kept.clear()
            return
        self._bytes += size
        self._kept.append((message, size))
