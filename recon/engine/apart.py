"""Work on whole series in processes of their own, which end when nobody waits for them, whatever they do."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from recon.engine.parcel import pack, unpack
from recon.errors import InternalError

#: Series that are worked on at a time; others wait, and can be given up meanwhile.
MOST = max(1, (os.cpu_count() or 1) // 2)


class Apart:
    """Runs functions in processes, each in one of its own.

    Parameters
    ----------
    modules
        That a process imports ahead of its work.
    most
        Processes that work at a time.
    """

    def __init__(self, modules: Sequence[str] = (), most: int = MOST) -> None:
        self._modules, self._permits = list(modules), asyncio.Semaphore(most)
        self._threads = ThreadPoolExecutor(most, "parcel")
        self._spare: _Worker | None = None

    async def run(self, work: Callable[[], Any]) -> Any:
        """What a function returns; it must be one that can be pickled, with what it works on.

        When this is cancelled, the process is killed.

        Raises
        ------
        ReconError
            That the function raised.
        InternalError
            When it failed otherwise, or the process ended without an answer.
        """
        async with self._permits:
            worker = await self._worker()
            try:
                answer = await worker.answer(work, self._threads)
            finally:
                await worker.end()
        done, value = answer
        if not done:
            raise value
        return value

    async def warm(self) -> None:
        """Start a process ahead of the first series."""
        if self._spare is None:
            self._spare = await _Worker.start(self._modules)

    async def close(self) -> None:
        """End the process that waits."""
        spare, self._spare = self._spare, None
        if spare is not None:
            await spare.end()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _worker(self) -> _Worker:
        spare, self._spare = self._spare, None
        if spare is not None and spare.process.returncode is None:
            await self.warm()
            return spare
        return await _Worker.start(self._modules)


class _Worker:
    """A process, and the two files in memory that it shares with this one."""

    def __init__(self, process: asyncio.subprocess.Process, given: int, made: int) -> None:
        self.process, self._given, self._made = process, given, made

    @classmethod
    async def start(cls, modules: Sequence[str]) -> _Worker:
        given, made = os.memfd_create("given"), os.memfd_create("made")
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "recon.engine.worker",
                str(given),
                str(made),
                *modules,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                pass_fds=(given, made),
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                start_new_session=True,
            )
        except BaseException:
            os.close(given)
            os.close(made)
            raise
        return cls(process, given, made)

    async def answer(self, work: Callable[[], Any], threads: ThreadPoolExecutor) -> tuple[bool, Any]:
        loop = asyncio.get_running_loop()
        # a thread goes on when its caller is cancelled: it has files of its own
        await loop.run_in_executor(threads, _on_copy, os.dup(self._given), lambda copy: pack(work, copy))
        assert self.process.stdin is not None
        with contextlib.suppress(ConnectionError):  # it ended: its exit status says so
            self.process.stdin.write(b"begin\n")
            await self.process.stdin.drain()
        status = await self.process.wait()
        if status != 0:
            raise InternalError(f"the process that worked on the whole series ended with {status}; memory may be short")
        return await loop.run_in_executor(threads, _on_copy, os.dup(self._made), unpack)

    async def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        os.close(self._given)
        os.close(self._made)
        if self.process.stdin is not None:
            self.process.stdin.close()
        await asyncio.shield(self.process.wait())


def _on_copy(descriptor: int, use: Callable[[int], Any]) -> Any:
    try:
        return use(descriptor)
    finally:
        os.close(descriptor)
