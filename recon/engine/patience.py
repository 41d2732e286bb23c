"""How long a stream waits for its peer: one timer a stream, not one a message."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType

from recon.engine.limits import Limits
from recon.errors import DeadlineExceeded


class Patience:
    """Ends the block that it guards when the peer keeps it waiting, or when it has lasted too long.

    The stream notes when it begins to wait and when it ends; the timer looks at the notes when the oldest
    of them could be too old.

    Parameters
    ----------
    limits
        ``idle_s`` without progress, ``longest_s`` altogether.
    deadline
        After which nobody wants the answer, seconds of :func:`time.monotonic`; None for never.

    Raises
    ------
    DeadlineExceeded
        Out of the block, saying what was waited for.
    """

    def __init__(self, limits: Limits, deadline: float | None = None) -> None:
        now = time.monotonic()
        idle = f"for {limits.idle_s:.0f} s"
        self._idle_s = limits.idle_s
        self._words = {
            "receiving": f"nothing came {idle}; send or cancel",
            "sending": f"the client read nothing {idle}; read answers while the series is sent",
        }
        longest = now + limits.longest_s
        self._end, self._end_words = longest, f"a stream may last {limits.longest_s:.0f} s; send the series in parts"
        if deadline is not None and deadline < longest:
            self._end, self._end_words = deadline, "the deadline passed before the series was done"
        self._since: dict[str, float] = {}
        self._silence = self._sending = 0.0
        self._reason = ""
        self._timeout = asyncio.timeout(None)
        self._timer: asyncio.TimerHandle | None = None

    def receiving(self) -> None:
        """A message is waited for; what was waited for those before it that brought nothing counts."""
        self._since["receiving"] = time.monotonic() - self._silence

    def received(self, *, brings: bool) -> None:
        """It has come.

        Parameters
        ----------
        brings
            Whether there is anything in it; one that is empty keeps no place.
        """
        waited = time.monotonic() - self._since.pop("receiving")
        self._silence = 0.0 if brings else waited

    def sending(self) -> None:
        """The peer is to take an answer."""
        self._since["sending"] = self._sending = time.monotonic()

    def sent(self) -> None:
        """It has."""
        del self._since["sending"]

    @property
    def unread_s(self) -> float:
        """For how long an answer has waited for the peer by now; 0 while none does."""
        return time.monotonic() - self._sending if "sending" in self._since else 0.0

    def progress(self) -> None:
        """The peer does something, though it reads nothing."""
        if "sending" in self._since:
            self._since["sending"] = time.monotonic()

    async def __aenter__(self) -> Patience:
        await self._timeout.__aenter__()
        self._look()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError:
            if self._reason:
                raise DeadlineExceeded(self._reason) from None
            raise

    def _look(self) -> None:
        now = time.monotonic()
        loop = asyncio.get_running_loop()
        late = [name for name, since in self._since.items() if now - since >= self._idle_s]
        if late or now >= self._end:
            self._reason = self._words[late[0]] if late else self._end_words
            self._timeout.reschedule(loop.time())
            return
        oldest = min(self._since.values(), default=now)
        self._timer = loop.call_later(min(oldest + self._idle_s, self._end) - now, self._look)
