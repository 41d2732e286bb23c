"""Low-dose CT: network, Triton by body and by shared memory, gateway."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache, partial
from typing import Any

import grpc
import numpy as np

from recon.bench.inputs import ct_slice, ct_volume, series_items
from recon.bench.routes.gateway import DEADLINE_S, OPTIONS, GatewayRoute
from recon.bench.routes.network import BareRuntime, weights_of
from recon.bench.routes.opened import BARE, BODY, GATEWAY, SHARED, Agreement, Routes, require_known
from recon.bench.routes.triton import open_triton
from recon.client import Client
from recon.tasks.ct.denoise import STEP_HU
from recon.v1 import common_pb2, ct_pb2
from recon.volumes import FloatImage, Geometry
from recon.wire.messages import chunks, geometry_to_message

CT_ROUTES = (BARE, BODY, SHARED, GATEWAY)
#: The gateway may answer in whole HU.
_MOST_HU = 1.0
_METHOD = "/recon.v1.CtService/Denoise"


@asynccontextmanager
async def ct_routes(
    address: str, model: str, names: Iterable[str], others: dict[str, str], slices: int = 1
) -> AsyncIterator[Routes]:
    """Open routes to a CT model.

    Parameters
    ----------
    address
        Of the gateway, HOST:PORT.
    model
        In the repository.
    names
        Of :data:`CT_ROUTES`.
    others
        More gateways to measure in the same run, address by name.
    slices
        Of a request.
    """
    opened, wanted = Routes(prepare=_ct_bytes), require_known(names, CT_ROUTES)
    async with AsyncExitStack() as stack:
        if BARE in wanted:
            bare = BareRuntime(weights_of(model), _inputs, slices)
            stack.callback(bare.close)
            opened.routes[BARE] = bare
            opened.notes |= bare.notes
            opened.agreement = Agreement(partial(_difference, model, bare), _MOST_HU, "HU")
        if wanted & {BODY, SHARED}:
            await open_triton(opened, stack, model, wanted)
        gateways = {GATEWAY: address} if GATEWAY in wanted else {}
        for name, target in {**gateways, **others}.items():
            channel = await stack.enter_async_context(grpc.aio.insecure_channel(target, OPTIONS))
            opened.routes[name] = ct_gateway(channel, model)
        yield opened


def ct_gateway(channel: grpc.aio.Channel, model: str = "") -> GatewayRoute:
    """The gateway behind a channel."""
    return GatewayRoute(ct_call(channel), partial(ct_requests, model=model))


def ct_call(channel: grpc.aio.Channel) -> Any:
    """The method that denoises a CT series."""
    return channel.stream_stream(
        _METHOD,
        request_serializer=ct_pb2.DenoiseRequest.SerializeToString,
        response_deserializer=ct_pb2.DenoiseResponse.FromString,
    )


def ct_requests(item: int, slices: int, model: str = "") -> Iterator[ct_pb2.DenoiseRequest]:
    """The messages of a CT series."""
    images = [_ct_bytes(number) for number in series_items(item, slices)]
    rows, columns = _SHAPES[item]
    header = ct_pb2.CtHeader(
        rows=rows, columns=columns, slices=slices, sample_type=common_pb2.SAMPLE_TYPE_FLOAT32,
        unit=common_pb2.UNIT_HU, geometry=geometry_to_message(Geometry.from_spacing(0.7, 0.7, 3.0)),
        strength=1.0, model=model,
    )  # fmt: skip
    yield ct_pb2.DenoiseRequest(header=header)
    for index, image in enumerate(images):
        for chunk in chunks(index, image):
            yield ct_pb2.DenoiseRequest(chunk=chunk)


_BYTES: dict[int, bytes] = {}
_SHAPES: dict[int, tuple[int, int]] = {}


def _ct_bytes(item: int) -> bytes:
    if item not in _BYTES:
        image = ct_slice(item)
        _BYTES[item], _SHAPES[item] = image.astype("<f4").tobytes(), (image.shape[0], image.shape[1])
    return _BYTES[item]


def _inputs(item: int, slices: int) -> Sequence[Mapping[str, FloatImage]]:
    return [_input(number) for number in series_items(item, slices)]


@cache
def _input(number: int) -> dict[str, FloatImage]:
    """What the network sees, which is the slice as it is."""
    return {"hu": ct_slice(number)[None, None]}


async def _difference(model: str, bare: BareRuntime, address: str, item: int) -> float:
    """Between what the gateway returns and input minus the bare network's noise."""

    def ask() -> FloatImage:
        with Client(address) as client:
            return next(iter(client.denoise_ct(ct_volume(item, 1), model=model, timeout_s=DEADLINE_S))).image

    image = await asyncio.to_thread(ask)
    expected = ct_slice(item) - STEP_HU * bare.output(item)[0, 0]
    return float(np.abs(image - expected).max())
