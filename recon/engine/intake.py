"""What a peer sends, in order; more than one message ahead only where it reads none of its answers."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Awaitable
from typing import Any

from recon.engine.budget import Account
from recon.engine.peer import Peer
from recon.errors import DeadlineExceeded, InvalidRequest, ReconError

#: So long a peer may take to read an answer before what it still sends is kept.
PATIENCE_S = 0.5
_READ_MEANWHILE = "read answers while the series is sent"


class Intake:
    """The messages of one stream, and the clock of its answers.

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
    idle_s
        Longest time without progress.
    most_bytes
        Of messages kept.
    """

    def __init__(self, peer: Peer, account: Account, idle_s: float, most_bytes: int) -> None:
        self._peer, self._account, self._idle, self._most = peer, account, idle_s, most_bytes
        #: Size of the message that came last.
        self.received_bytes = 0
        self._kept: deque[tuple[Any, int]] = deque()
        self._bytes = 0
        self._ended = False
        self._reading: asyncio.Future[Any] | None = None
        self._writing: asyncio.Timeout | None = None
        self._since = 0.0
        self._failed: ReconError | None = None

    async def next(self, silence: float = 0.0) -> Any:
        """The next message after so many seconds without progress, None at the end of the stream.

        Raises
        ------
        DeadlineExceeded
            When nothing comes for too long.
        """
        if self._failed is not None:
            raise self._failed
        if self._kept:
            message, size = self._kept.popleft()
            self.received_bytes = size
            self._bytes -= size
            self._account.change(-size)
            return message
        if self._ended:
            return None
        try:
            async with asyncio.timeout(max(self._idle - silence, 0.0)):
                if self._reading is not None:
                    return await self._read()
                message = await self._peer.receive()
        except TimeoutError:
            raise DeadlineExceeded(f"nothing came for {self._idle:.0f} s; send or cancel") from None
        return self._took(message)

    async def write(self, message: Any) -> None:
        """Hand an answer to the peer.

        Raises
        ------
        DeadlineExceeded
            When it reads nothing for too long.
        InvalidRequest
            When it sends more than can be kept and reads nothing.
        """
        self._since = time.monotonic()
        try:
            async with asyncio.timeout(self._idle) as self._writing:
                await self._peer.send(message)
        except TimeoutError:
            raise DeadlineExceeded(f"the client read nothing for {self._idle:.0f} s; {_READ_MEANWHILE}") from None
        finally:
            self._writing = None
        if self._failed is not None:
            raise self._failed

    async def beside(self, waiting: Awaitable[None]) -> None:
        """Wait for something of this stream's own, and keep what comes while the peer does not read."""
        task = asyncio.ensure_future(waiting)
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=PATIENCE_S)
                while not task.done() and self._unread and not self._ended:
                    reading = self._begin()
                    await asyncio.wait({task, reading}, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
                    if reading.done():
                        self._keep(await self._read())
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

    @property
    def _unread(self) -> bool:
        return self._writing is not None and time.monotonic() - self._since > PATIENCE_S

    def _begin(self) -> asyncio.Future[Any]:
        if self._reading is None:
            self._reading = asyncio.ensure_future(self._peer.receive())
        return self._reading

    async def _read(self) -> Any:
        # who only stops waiting must not lose the message that comes later
        message = await asyncio.shield(self._begin())
        self._reading = None
        return self._took(message)

    def _took(self, message: Any) -> Any:
        self._ended, self.received_bytes = message is None, self._peer.received_bytes
        return message

    def _keep(self, message: Any) -> None:
        if self._writing is not None:  # that it sends is progress too
            self._writing.reschedule(asyncio.get_running_loop().time() + self._idle)
        if message is None or self._failed is not None:
            return
        size = self.received_bytes
        try:
            if self._bytes + size > self._most:
                raise InvalidRequest(f"{self._bytes >> 20} MiB came while no answer was read")
            self._account.change(size)
        except ReconError as error:
            self._failed = InvalidRequest(f"{error.problem}; {_READ_MEANWHILE}")
            self._account.change(-self._bytes)
            self._bytes = 0
            self._kept.clear()
            return
        self._bytes += size
        self._kept.append((message, size))
