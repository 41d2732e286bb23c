"""Work on whole series, for which the slices of others do not wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from recon.engine.apart import Apart
from recon.tasks.base import Session, SliceWork

_Made = TypeVar("_Made")
_THREADS = 4


class WholeSeries:
    """What takes a whole series at once: in a process that is killed when nobody waits for it, the rest on threads.

    Parameters
    ----------
    modules
        That the processes import ahead of their work.
    """

    def __init__(self, modules: Sequence[str]) -> None:
        self._apart = Apart(modules)
        self._threads = ThreadPoolExecutor(_THREADS, "series")

    async def warm(self) -> None:
        """Start what the first series would wait for."""
        await self._apart.warm()

    async def close(self) -> None:
        """Let go of processes and threads."""
        await self._apart.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def work(self, session: Session) -> None:
        """Do what a session wants done apart, if anything."""
        if (whole := session.whole()) is not None:
            session.take(await self._apart.run(whole))

    async def each(self, works: Callable[[], Iterable[SliceWork]]) -> AsyncIterator[SliceWork]:
        """The work that a session makes of all of it, one after the other."""
        left = iter(await self.on_thread(works))
        while (work := await self.on_thread(lambda: _next(left))) is not None:
            yield work

    async def on_thread(self, function: Callable[[], _Made]) -> _Made:
        """What a function returns."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)


def _next(works: Iterator[SliceWork]) -> SliceWork | None:
    return next(works, None)
