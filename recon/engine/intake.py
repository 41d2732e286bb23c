"""What a peer sends, in order; more than one message ahead only where it reads none of its answers."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Iterator
from typing import Any

from recon.engine.budget import Account
from recon.engine.patience import Patience
from recon.engine.peer import Peer
from recon.errors import InvalidRequest, ReconError

#: So long a peer may take to read an answer before what it still sends is kept.
UNREAD_S = 0.5
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
        self._receiving = False
        self._reading: asyncio.Future[Any] | None = None
        self._keeping: asyncio.Future[None] | None = None
        self.failed: ReconError | None = None

    async def next(self) -> Any:
        """The next message, None at the end of the stream."""
        if self._keeping is not None:
            self._keeping.cancel()
            self._keeping = None
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
        self._receiving, message = True, None
        try:
            message = await (self._peer.receive() if self._reading is None else self._begun())
        finally:
            self._receiving = False
            self._patience.received(brings=message is not None and message.ByteSize() > _NOTHING_BYTES)
        return message

    @property
    def is_unread(self) -> bool:
        """Whether the peer has not read for a while, and nobody reads what it sends; on any thread."""
        return not (self._receiving or self._ended) and self._patience.unread_s > UNREAD_S

    def keep(self) -> None:
        """Take in what the peer sends while it reads nothing."""
        if self._keeping is None and self.is_unread:
            self._keeping = asyncio.ensure_future(self._keep_all())

    def stop(self) -> list[asyncio.Future[Any]]:
        """Nobody reads any more; returns what has yet to end."""
        left = [future for future in (self._keeping, self._reading) if future is not None]
        self._keeping = self._reading = None
        for future in left:
            future.cancel()
        return left

    async def _keep_all(self) -> None:
        with contextlib.suppress(Exception):  # which whoever asks for the next message is told
            while self.is_unread:
                if self._reading is None:
                    self._reading = asyncio.ensure_future(self._peer.receive())
                self._keep(await self._begun())
        self._keeping = None

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


class IntakeWatch:
    """Looks now and then for peers that read nothing: from a thread, so that no message needs a timer."""

    def __init__(self) -> None:
        self._intakes: set[Intake] = set()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def over(self, intake: Intake) -> Iterator[None]:
        """As long as a stream lasts; on its event loop."""
        if self._thread is None:
            self._loop = asyncio.get_running_loop()
            self._thread = threading.Thread(target=self._run, name="unread", daemon=True)
            self._thread.start()
        self._intakes.add(intake)
        try:
            yield
        finally:
            self._intakes.discard(intake)

    def close(self) -> None:
        """No more streams will come."""
        self._closed.set()

    def _run(self) -> None:
        while not self._closed.wait(UNREAD_S):
            for intake in tuple(self._intakes):
                if intake.is_unread:
                    with contextlib.suppress(RuntimeError):  # the loop has ended
                        self._loop.call_soon_threadsafe(intake.keep)
