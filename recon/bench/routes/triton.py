"""Triton as the gateway drives it, without the gateway: a CT slice by request body and by shared memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack

import numpy as np

from recon.bench.inputs import ct_slice, series_items
from recon.bench.observation import Reply
from recon.bench.routes.opened import BODY, SHARED, Routes
from recon.engine.inference import Request, Tensors
from recon.engine.models import ServedModel
from recon.engine.repository import default_repository
from recon.errors import InvalidRequest
from recon.serving.triton.client import TritonClient
from recon.serving.triton.process import EmbeddedTriton
from recon.tasks.base import TensorSpec
from recon.volumes import FloatImage


class TritonRoute:
    """Triton as the gateway drives it, without the gateway."""

    def __init__(self, client: TritonClient, model: ServedModel, image: Callable[[int], FloatImage] = ct_slice) -> None:
        self._client, self._model, self._image = client, model, image
        self._inputs: dict[int, FloatImage] = {}

    async def __call__(self, item: int, slices: int) -> Reply:
        """All slices at once; the client lets as many through as the gateway would."""
        numbers = series_items(item, slices)
        for number in numbers:
            if number not in self._inputs:
                self._inputs[number] = self._image(number)
        found = await asyncio.gather(*(self._slice(self._inputs[number]) for number in numbers))
        moments = [moment for moment, _ in found]
        return Reply(len(found), [data for _, data in found], min(moments), max(moments))

    async def _slice(self, image: FloatImage) -> tuple[float, bytes]:
        def fill(tensors: Tensors) -> None:
            tensors["hu"][0, 0] = image

        inputs = {"hu": TensorSpec((1, 1, *image.shape))}
        outputs = {"noise_and_half_width": TensorSpec((1, 2, *image.shape), np.dtype(np.int16))}
        async with self._client.infer(Request(self._model, inputs, outputs, {}, quick=True), fill) as made:
            done = time.monotonic()
            return done, made["noise_and_half_width"].tobytes()


async def open_triton(opened: Routes, stack: AsyncExitStack, model: str, wanted: set[str]) -> None:
    """Start a Triton and open the routes to it that are wanted."""
    triton = EmbeddedTriton(default_repository())
    await triton.start()
    stack.push_async_callback(triton.stop)
    opened.triton_pid = triton.pid
    for name, shared in ((BODY, False), (SHARED, True)):
        if name not in wanted:
            continue
        client = TritonClient(triton.address, shared_memory=shared)
        stack.push_async_callback(client.close)
        while not await client.is_ready():  # noqa: ASYNC110  (another process)
            await asyncio.sleep(0.1)
        served = next((found for found in await client.models() if found.name == model), None)
        if served is None:
            raise InvalidRequest(f"Triton has no model {model}")
        opened.routes[name] = TritonRoute(client, served)
