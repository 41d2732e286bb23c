"""Work on whole series in processes of their own, which are killed when nobody waits for them, whatever they do."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import socket
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from recon.engine.parcel import pack, unpack
from recon.errors import InternalError

#: Series that are worked on at a time; others wait, and can be given up meanwhile.
MOST = max(1, (os.cpu_count() or 1) // 2)


class Apart:
    """Runs functions in other processes, one at a time in each.

    A process that has answered waits for the next series: starting one and importing what it needs takes longer
    than much of its work.

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
                done, value = await worker.answer(work, self._threads)
            except BaseException:
                await worker.end()
                raise
            await self._keep(worker)
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
        if spare is None:
            return await _Worker.start(self._modules)
        if spare.process.returncode is None:
            return spare
        await spare.end()
        return await _Worker.start(self._modules)

    async def _keep(self, worker: _Worker) -> None:
        if self._spare is None:
            self._spare = worker
        else:
            await worker.end()


class _Worker:
    """A process, and the socket by which it gets work and says that it is done."""

    def __init__(self, process: asyncio.subprocess.Process, line: socket.socket) -> None:
        self.process, self._line = process, line

    @classmethod
    async def start(cls, modules: Sequence[str]) -> _Worker:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "recon.engine.worker",
                str(theirs.fileno()),
                *modules,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                    "OPENBLAS_NUM_THREADS": "1",  # products are small, and threads would spin beside the network
                },
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        return cls(process, ours)

    async def answer(self, work: Callable[[], Any], threads: ThreadPoolExecutor) -> tuple[bool, Any]:
        loop = asyncio.get_running_loop()
        # files of this work alone: what it made stays mapped while anybody holds a part of it
        with _opened(os.memfd_create("given")) as given, _opened(os.memfd_create("made")) as made:
            # a thread goes on when its caller is cancelled: it has files of its own
            await loop.run_in_executor(threads, _on_copy, _copy(given), lambda copy: pack(work, copy))
            told = b""
            with contextlib.suppress(ConnectionError):  # it ended: its exit status says so
                socket.send_fds(self._line, [b"begin"], [given.fileno(), made.fileno()])
                told = await loop.sock_recv(self._line, 16)
            if not told:
                status = await self.process.wait()
                words = "the process that worked on the whole series ended with"
                raise InternalError(f"{words} {status}; memory may be short")
            return await loop.run_in_executor(threads, _on_copy, _copy(made), unpack)

    async def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self._line.close()
        await asyncio.shield(self.process.wait())


def _opened(descriptor: int) -> io.FileIO:
    return io.FileIO(descriptor, "r+")


def _copy(file: io.FileIO) -> io.FileIO:
    # closes itself where no thread ever gets to it
    return _opened(os.dup(file.fileno()))


def _on_copy(copy: io.FileIO, use: Callable[[int], Any]) -> Any:
    with copy:
        return use(copy.fileno())
