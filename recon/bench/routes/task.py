"""The whole task in one process: engine and model without service and socket."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from recon.bench.observation import OK, Reply
from recon.bench.routes.requests import series_of
from recon.client import ImageSlice, Run
from recon.client.local import Local


class TaskRoute:
    """All that the service does to a series: one request at a time, in the order of asking."""

    def __init__(self, local: Local, task: str, model: str) -> None:
        self._local, self._task, self._model = local, task, model
        self._thread = ThreadPoolExecutor(1, "task")

    async def __call__(self, item: int, slices: int) -> Reply:
        """Answer after those that asked before."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._read, item, slices)

    def images(self, item: int, slices: int) -> list[ImageSlice]:
        """The finished slices."""
        return list(self._run(item, slices))

    def close(self) -> None:
        """End its thread."""
        self._thread.shutdown()

    def _run(self, item: int, slices: int) -> Run:
        return self._local.send(self._task, series_of(self._task, item, slices, self._model))

    def _read(self, item: int, slices: int) -> Reply:
        pixels: list[bytes | memoryview] = []
        first, count = None, 0
        for result in self._run(item, slices):
            first = first or time.monotonic()
            pixels += [part.tobytes() for part in (result.image, result.uncertainty, *result.extra.values())]
            count += 1
        return Reply(count, pixels, first, time.monotonic(), OK)
