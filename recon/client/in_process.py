"""An engine of this process: whoever has data here is its peer, and calls it as a client calls a service."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import Any

from google.protobuf.descriptor import MethodDescriptor

from recon.client.calls import Calls
from recon.client.streams import CANCELLED, Opener, StreamFailed
from recon.engine.catalogue import Catalogue
from recon.engine.models import model_to_message
from recon.engine.stream import StreamEngine
from recon.errors import DeadlineExceeded, InternalError, ReconError, one_line, outcome_of
from recon.tasks.registry import tasks
from recon.v1 import models_pb2
from recon.wire.calls import response_of
from recon.wire.slice_message import answer_reader

#: Answers that wait for the caller to take them.
_AHEAD = 2


class EngineCalls(Calls):
    """The calls of a client, without a wire.

    Parameters
    ----------
    engine, catalogue
        Who works, and which models there are.
    loop
        That the engine runs on, on another thread; it belongs to whoever made it.
    """

    def __init__(self, engine: StreamEngine, catalogue: Catalogue, loop: asyncio.AbstractEventLoop) -> None:
        self._engine, self._catalogue, self._loop = engine, catalogue, loop
        self._task_of = {task.method.full_name: task for task in tasks().values()}

    def close(self) -> None:
        """Nothing of its own is left."""

    def models(self, timeout_s: float = 10.0) -> list[models_pb2.Model]:
        """What there is."""
        return [model_to_message(model, ready=True) for model in self._catalogue.models]

    def opener(self, method: MethodDescriptor) -> Opener:
        """Opens streams of a method."""
        task, response = self._task_of[method.full_name], response_of(method)

        def open_stream(messages: Iterator[Any], timeout_s: float) -> InProcessStream:
            stream = InProcessStream(self._loop, messages, timeout_s, answer_reader(response))
            stream.begin(self._engine.run(task, response, stream))
            return stream

        return open_stream


class InProcessStream:
    """One stream: the engine's peer on one side, the caller's answers on the other."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, messages: Iterator[Any], timeout_s: float, read: Callable[[bytes], Any]
    ) -> None:
        self._loop, self._messages, self._timeout, self._decoded = loop, messages, timeout_s, read
        self._deadline = time.monotonic() + timeout_s
        self._answers: asyncio.Queue[Any] = asyncio.Queue(_AHEAD)
        self._task: asyncio.Task[None] | None = None
        # a thread of its own: the caller may be measuring, and its next message minutes away
        self._source = ThreadPoolExecutor(1, "messages")

    @property
    def name(self) -> str:
        """This process."""
        return "local"

    @property
    def deadline(self) -> float:
        """Seconds of :func:`time.monotonic`."""
        return self._deadline

    async def receive(self) -> Any:
        """The caller's next message; None when no more will come."""
        return await self._loop.run_in_executor(self._source, next, self._messages, None)

    async def send(self, message: Any) -> None:
        """Hand over an answer when there is room."""
        await self._answers.put(self._decoded(message) if isinstance(message, bytes) else message)

    def begin(self, work: Any) -> None:
        """Let the engine work on it."""

        async def start() -> None:
            self._task = asyncio.create_task(self._run(work))

        asyncio.run_coroutine_threadsafe(start(), self._loop).result()

    async def _run(self, work: Any) -> None:
        """The end of the stream is an answer too: None, or what went wrong."""
        end: ReconError | None = None
        try:
            async with asyncio.timeout(self._timeout):
                await work
        except asyncio.CancelledError:
            end = DeadlineExceeded(CANCELLED)
            with contextlib.suppress(asyncio.QueueFull):
                self._answers.put_nowait(end)
            raise
        except TimeoutError:
            end = DeadlineExceeded(f"not done after {self._timeout:g} s")
        except ReconError as error:
            end = error
        except Exception as error:  # a defect, as the gateway would say it
            end = InternalError(f"the engine failed: {one_line(error)}")
            end.__cause__ = error
        finally:
            self._source.shutdown(wait=False)
        await self._answers.put(end)

    def __iter__(self) -> Iterator[Any]:
        while True:
            answer = self._take()
            if answer is None:
                return
            if isinstance(answer, ReconError):
                raise StreamFailed(answer, outcome_of(answer).retry_after_s or 0.5)
            yield answer

    def _take(self) -> Any:
        if self._loop.is_closed():
            return DeadlineExceeded(CANCELLED)
        try:
            return asyncio.run_coroutine_threadsafe(self._next(), self._loop).result()
        except CancelledError:  # the engine was closed meanwhile
            return DeadlineExceeded(CANCELLED)

    async def _next(self) -> Any:
        getting = asyncio.ensure_future(self._answers.get())
        task = self._task
        assert task is not None
        await asyncio.wait([getting, task], return_when=asyncio.FIRST_COMPLETED)
        if getting.done():
            return getting.result()
        getting.cancel()
        return DeadlineExceeded(CANCELLED) if self._answers.empty() else self._answers.get_nowait()

    def cancel(self) -> None:
        """Stop; what the stream held is freed."""
        if self._task is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._task.cancel)
