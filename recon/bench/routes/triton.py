"""Triton as the gateway drives it, without the gateway: by request body and by shared memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from recon.bench.observation import Reply
from recon.bench.routes.opened import BODY, SHARED, Routes
from recon.engine.inference import Request, infer
from recon.engine.limits import Limits
from recon.engine.models import ServedModel
from recon.engine.repository import default_repository
from recon.errors import InvalidRequest
from recon.serving.triton.client import TritonClient
from recon.serving.triton.process import EmbeddedTriton
from recon.serving.tuning import model_of, read_tunings
from recon.tasks.base import SliceWork

#: The slices of a request on their way to the model.
Works = Callable[[int, int], Sequence[SliceWork]]


class TritonRoute:
    """Triton as the gateway drives it, without the gateway."""

    def __init__(self, client: TritonClient, model: ServedModel, works: Works) -> None:
        self._client, self._model, self._works = client, model, works
        self._known: dict[tuple[int, int], Sequence[SliceWork]] = {}

    async def __call__(self, item: int, slices: int) -> Reply:
        """All slices at once; the client lets as many through as the gateway would."""
        if (item, slices) not in self._known:
            self._known[item, slices] = self._works(item, slices)
        found = await asyncio.gather(*(self._slice(work) for work in self._known[item, slices]))
        moments = [moment for moment, _ in found]
        return Reply(len(found), [data for _, data in found], min(moments), max(moments))

    async def _slice(self, work: SliceWork) -> tuple[float, bytes]:
        request = Request(self._model, work.inputs, work.outputs, work.parameters, quick=work.quick)
        async with infer(self._client, request, work.prepare) as made:
            done = time.monotonic()
            return done, b"".join(made[name].tobytes() for name in work.outputs)


async def open_triton(
    opened: Routes, stack: AsyncExitStack, model: ServedModel, wanted: set[str], works: Works, tuning: Sequence[Path]
) -> None:
    """Start a Triton with one model, run as the records of tuning say, and open the routes to it that are wanted."""
    repository = default_repository()
    found = [path for path in tuning if model_of(path) == model.name]
    tunings = read_tunings(found, [model], repository)
    triton = EmbeddedTriton(repository, models=[model.host], tunings=tunings)
    await triton.start()
    stack.push_async_callback(triton.stop)
    opened.triton_pid = triton.pid
    limits = Limits().for_instances(max((one.instances for one in tunings), default=1))
    for name, shared in ((BODY, False), (SHARED, True)):
        if name not in wanted:
            continue
        client = TritonClient(triton.address, limits.in_flight, shared_memory=shared)
        stack.push_async_callback(client.close)
        while not await client.is_ready():  # noqa: ASYNC110  (another process)
            await asyncio.sleep(0.1)
        served = next((found for found in await client.models() if found.name == model.name), None)
        if served is None:
            raise InvalidRequest(f"Triton has no model {model.name}")
        opened.routes[name] = TritonRoute(client, served, works)
