"""Full-dose contrast: the network alone, the whole task in one process, the gateway.

A request is a pair of scans. Both must be in before the first image can be made, since they are aligned as
a whole; a slice is one image of the pair. What the service costs is the gateway over the task in one
process: aligning and features are the task's own work, and the network alone does none of it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import numpy as np

from recon.bench.inputs import contrast_pair
from recon.bench.observation import Reply
from recon.bench.routes.gateway import DEADLINE_S, OPTIONS, GatewayRoute
from recon.bench.routes.network import BareRuntime, Network, weights_of
from recon.bench.routes.opened import BARE, GATEWAY, TASK, Agreement, Routes, require_known
from recon.client import Client
from recon.errors import InvalidRequest
from recon.serving.triton.repository import models_in
from recon.tasks.base import FinishedSlice, SliceWork
from recon.tasks.contrast.features import intensity_scale
from recon.tasks.contrast.session import FEWEST_SLICES
from recon.tasks.contrast.slices import AlignedPair
from recon.v1 import common_pb2, contrast_pb2
from recon.volumes import FloatImage
from recon.wire.messages import chunks, geometry_to_message

CONTRAST_ROUTES = (BARE, TASK, GATEWAY)
_DOSE_FRACTION = 0.1
_MOST_DIFFERENCE = 0.01
_METHOD = "/recon.v1.ContrastService/Synthesize"


@asynccontextmanager
async def contrast_routes(
    address: str, model: str, names: Iterable[str], others: dict[str, str], slices: int
) -> AsyncIterator[Routes]:
    """Open routes to a contrast model.

    Parameters
    ----------
    address
        Of the gateway, HOST:PORT.
    model
        In the repository.
    names
        Of :data:`CONTRAST_ROUTES`.
    others
        More gateways to measure in the same run, address by name.
    slices
        Of each scan of a pair.
    """
    if slices < FEWEST_SLICES:
        raise InvalidRequest(f"--series {slices}: a scan of a pair has at least {FEWEST_SLICES} slices")
    opened, wanted = Routes(prepare=lambda item: contrast_pair(item, slices)), require_known(names, CONTRAST_ROUTES)
    async with AsyncExitStack() as stack:
        if wanted & {BARE, TASK}:
            whole = TaskRoute(weights_of(model))
            stack.callback(whole.close)
            opened.agreement = Agreement(
                partial(_difference, model, whole, slices), _MOST_DIFFERENCE, "99th percentiles of the scan"
            )
        if BARE in wanted:
            bare = BareRuntime(weights_of(model), _inputs, slices)
            stack.callback(bare.close)
            opened.routes[BARE] = bare
            opened.notes |= bare.notes
        if TASK in wanted:
            opened.routes[TASK] = whole
        gateways = {GATEWAY: address} if GATEWAY in wanted else {}
        for name, target in {**gateways, **others}.items():
            channel = await stack.enter_async_context(grpc.aio.insecure_channel(target, OPTIONS))
            opened.routes[name] = GatewayRoute(_call(channel), partial(contrast_requests, model=model))
        yield opened


class TaskRoute:
    """All that the service does to a pair, one slice after the other: one request at a time, in the order of asking."""

    def __init__(self, weights: Path) -> None:
        self._network = Network(weights)
        served = next(m for m in models_in(weights.parents[1]) if m.version == weights.parent.name)
        self._factor = served.conformal_factor
        self._thread = ThreadPoolExecutor(1, "task")

    async def __call__(self, item: int, slices: int) -> Reply:
        """Answer after those that asked before."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, item, slices)

    def images(self, item: int, slices: int) -> Iterator[FinishedSlice]:
        """The finished slices; not while others infer."""
        for work in _works(item, slices, self._factor):
            made = self._network(_tensors(work))
            work.judge_input()
            yield work.finish({self._network.output: made})

    def close(self) -> None:
        """End its thread."""
        self._thread.shutdown()

    def _run(self, item: int, slices: int) -> Reply:
        pixels: list[bytes | memoryview] = []
        first, count = None, 0
        for finished in self.images(item, slices):
            first = first or time.monotonic()
            pixels += [part.tobytes() for part in (finished.image, finished.uncertainty, *finished.extra.values())]
            count += 1
        return Reply(count, pixels, first, time.monotonic())


def contrast_requests(item: int, slices: int, model: str = "") -> Iterator[contrast_pb2.SynthesizeRequest]:
    """The messages of a pair."""
    pre, low = contrast_pair(item, slices)
    _, rows, columns = pre.shape
    geometry = geometry_to_message(pre.geometry)
    header = contrast_pb2.ContrastHeader(
        rows=rows, columns=columns, slices=slices, geometry=geometry, low_rows=rows, low_columns=columns,
        low_slices=slices, low_geometry=geometry, sample_type=common_pb2.SAMPLE_TYPE_FLOAT32,
        dose_fraction=_DOSE_FRACTION, model=model,
    )  # fmt: skip
    yield contrast_pb2.SynthesizeRequest(header=header)
    for name, scan in (("pre", pre), ("low", low)):
        for index, plane in enumerate(scan.values):
            for chunk in chunks(index, plane.tobytes(), name=name):
                yield contrast_pb2.SynthesizeRequest(chunk=chunk)


def _call(channel: grpc.aio.Channel) -> Any:
    return channel.stream_stream(
        _METHOD,
        request_serializer=contrast_pb2.SynthesizeRequest.SerializeToString,
        response_deserializer=contrast_pb2.SynthesizeResponse.FromString,
    )


def _works(item: int, slices: int, factor: float = 1.0) -> Iterator[SliceWork]:
    pre, low = contrast_pair(item, slices)
    own = replace(low, values=low.values.copy())  # which aligning may change
    return AlignedPair.of(pre, own, _DOSE_FRACTION).work(factor)


def _tensors(work: SliceWork) -> dict[str, FloatImage]:
    tensors = {name: np.zeros(spec.shape, spec.dtype) for name, spec in work.inputs.items()}
    work.prepare(tensors)
    return tensors


def _inputs(item: int, slices: int) -> Sequence[Mapping[str, FloatImage]]:
    """What the network sees."""
    return [_tensors(work) for work in _works(item, slices)]


async def _difference(model: str, whole: TaskRoute, slices: int, address: str, item: int) -> float:
    """Between the gateway's images and those that the task makes in this process."""
    pre, low = contrast_pair(item, slices)

    def ask() -> list[FloatImage]:
        with Client(address) as client:
            run = client.synthesize_contrast(
                pre, low, dose_fraction=_DOSE_FRACTION, model=model, timeout_s=DEADLINE_S
            )  # fmt: skip
            return [result.image for result in run]

    theirs, ours = await asyncio.to_thread(ask), [finished.image for finished in whole.images(item, slices)]
    return float(np.abs(np.stack(theirs) - np.stack(ours)).max()) / intensity_scale(pre.values)
