"""The ways to the network that are compared: bare runtime, Triton by body and by shared memory, gateway.

The only file of the benchmark that knows the wire and Triton's client.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import numpy as np

from recon.bench.inputs import ct_slice, ct_volume, mr_kspace, series_items
from recon.bench.observation import OK, Reply, Route
from recon.client import Client
from recon.errors import InvalidRequest
from recon.serving.server import default_repository
from recon.serving.triton.client import Request, Tensors, TritonClient
from recon.serving.triton.models import ServedModel
from recon.serving.triton.process import EmbeddedTriton
from recon.tasks.base import TensorSpec
from recon.v1 import common_pb2, ct_pb2
from recon.volumes import FloatImage, Geometry
from recon.wire.messages import chunks, geometry_to_message

BARE, BODY, SHARED, GATEWAY = "bare runtime", "Triton, request body", "Triton, shared memory", "gateway"
CT_ROUTES = (BARE, BODY, SHARED, GATEWAY)
_METHOD = "/recon.v1.CtService/Denoise"
_DEADLINE_S = 120.0
#: Of every channel to a gateway.
OPTIONS = [
    ("grpc.max_receive_message_length", 5 * 1024 * 1024),
    ("grpc.max_send_message_length", 5 * 1024 * 1024),
    ("grpc.http2.lookahead_bytes", 4 * 1024 * 1024),
    ("grpc.http2.max_frame_size", 1024 * 1024),
]


def model_repository() -> Path:
    """The repository of the embedded Triton."""
    return default_repository()


def weights_of(model: str, repository: Path | None = None) -> Path:
    """The newest ``model.onnx`` of a model in the repository.

    Raises
    ------
    InvalidRequest
        When it has none.
    """
    folder = (repository or default_repository()) / model
    found = [path for path in folder.glob("*/model.onnx") if path.parent.name.isdigit()]
    if not found:
        raise InvalidRequest(f"{folder} holds no model.onnx; name a model with --model")
    return max(found, key=lambda path: int(path.parent.name))


class BareRuntime:
    """The served weights on the served runtime in this process: one request at a time, in the order of asking."""

    def __init__(self, weights: Path, image: Callable[[int], FloatImage] = ct_slice) -> None:
        import openvino

        core = openvino.Core()
        network = core.read_model(weights)
        network.reshape([1, 1, *image(0).shape])
        compiled = core.compile_model(network, "CPU", {"PERFORMANCE_HINT": "LATENCY"})
        self.precision = str(compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name())
        self.threads = int(compiled.get_property("INFERENCE_NUM_THREADS"))
        self._request, self._tensor = compiled.create_infer_request(), openvino.Tensor
        self._image, self._inputs = image, dict[int, FloatImage]()
        self._thread = ThreadPoolExecutor(1, "bare-runtime")

    async def __call__(self, item: int, slices: int) -> Reply:
        """Infer after those that asked before."""
        self._prepare(item, slices)
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, item, slices)

    def output(self, item: int) -> FloatImage:
        """(1, channels, y, x) for an input; not while others infer."""
        self._prepare(item, 1)
        return np.frombuffer(self._run(item, 1).pixels[0], np.float32).reshape(self._request.get_output_tensor().shape)

    def _prepare(self, item: int, slices: int) -> None:
        for number in series_items(item, slices):
            if number not in self._inputs:
                self._inputs[number] = np.ascontiguousarray(self._image(number)[None, None])

    def _run(self, item: int, slices: int) -> Reply:
        pixels: list[bytes | memoryview] = []
        first, copying = None, 0.0
        for number in series_items(item, slices):
            self._request.set_input_tensor(self._tensor(self._inputs[number], shared_memory=True))
            self._request.infer()
            done = time.monotonic()
            first = first or done
            pixels.append(self._request.get_output_tensor().data.tobytes())  # for the check, not for the caller
            copying += time.monotonic() - done
        return Reply(slices, pixels, first, time.monotonic() - copying)

    def close(self) -> None:
        """End its thread."""
        self._thread.shutdown()


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


class GatewayRoute:
    """The gateway over gRPC; what comes back is counted and hashed as it came, and nothing is tried again."""

    def __init__(self, channel: grpc.aio.Channel, model: str = "") -> None:
        self._model, self._call = model, ct_call(channel)

    async def __call__(self, item: int, slices: int) -> Reply:
        """A series of its own."""
        pixels: list[bytes | memoryview] = []
        count, status, first = 0, "NO_REPORT", None
        async for response in self._call(ct_requests(item, slices, self._model), timeout=_DEADLINE_S):
            part = response.WhichOneof("part")
            if part == "chunk":
                pixels.append(response.chunk.data)
            elif part == "slice":
                pixels.extend(plane.data for plane in response.slice.planes)
                first = first or time.monotonic()
                if response.slice.slice_index != count:
                    return Reply(count, pixels, first, time.monotonic(), "OUT_OF_ORDER")
                count += 1
            elif part == "report":
                status = OK
        return Reply(count, pixels, first, time.monotonic(), status)


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


def prepare(item: int) -> None:
    """Make an input ahead of time, so that making it does not count."""
    _ct_bytes(item)


def _ct_bytes(item: int) -> bytes:
    if item not in _BYTES:
        image = ct_slice(item)
        _BYTES[item], _SHAPES[item] = image.astype("<f4").tobytes(), (image.shape[0], image.shape[1])
    return _BYTES[item]


class ClientRoute:
    """The SDK, for tasks without a route of their own; every request has a thread of its own."""

    def __init__(self, series: Callable[[int, int], Iterable[Any]]) -> None:
        self._series = series

    async def __call__(self, item: int, slices: int) -> Reply:
        """Iterate over the series."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Reply] = loop.create_future()

        def give(reply: Reply | None, error: Exception | None) -> None:
            if not future.done():
                future.set_exception(error) if error else future.set_result(reply)  # type: ignore[arg-type]

        def run() -> None:
            try:
                reply, error = self._read(item, slices), None
            except Exception as failure:
                reply, error = None, failure
            loop.call_soon_threadsafe(give, reply, error)

        threading.Thread(target=run, daemon=True).start()
        return await future

    def _read(self, item: int, slices: int) -> Reply:
        results, first = [], None
        for result in self._series(item, slices):
            first = first or time.monotonic()
            results.append(result)
        done = time.monotonic()
        ordered = [result.index for result in results] == list(range(len(results)))
        pixels = [part.tobytes() for result in results for part in (result.image, result.uncertainty)]
        return Reply(len(results), pixels, first, done, OK if ordered else "OUT_OF_ORDER")


@dataclass
class Routes:
    """Open routes by name.

    Attributes
    ----------
    routes
        In the order of what they add.
    bare
        For comparing with what came back.
    triton_pid
        Of the Triton that was started for them.
    notes
        What was chosen on this machine.
    """

    routes: dict[str, Route] = field(default_factory=dict)
    bare: BareRuntime | None = None
    triton_pid: int | None = None
    notes: dict[str, Any] = field(default_factory=dict)


@asynccontextmanager
async def ct_routes(address: str, model: str, names: Iterable[str], others: dict[str, str]) -> AsyncIterator[Routes]:
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
    """
    opened, wanted = Routes(), set(names)
    if unknown := wanted - set(CT_ROUTES):
        raise InvalidRequest(f"no such route: {', '.join(sorted(unknown))}; there are {', '.join(CT_ROUTES)}")
    async with AsyncExitStack() as stack:
        if BARE in wanted:
            opened.bare = BareRuntime(weights_of(model))
            stack.callback(opened.bare.close)
            opened.routes[BARE] = opened.bare
            opened.notes |= {"precision": opened.bare.precision, "bare_runtime_threads": opened.bare.threads}
        if wanted & {BODY, SHARED}:
            await _open_triton(opened, stack, model, wanted)
        gateways = {GATEWAY: address} if GATEWAY in wanted else {}
        for name, target in {**gateways, **others}.items():
            channel = await stack.enter_async_context(grpc.aio.insecure_channel(target, OPTIONS))
            opened.routes[name] = GatewayRoute(channel, model)
        yield opened


async def _open_triton(opened: Routes, stack: AsyncExitStack, model: str, wanted: set[str]) -> None:
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


@asynccontextmanager
async def mr_routes(address: str, model: str, others: dict[str, str]) -> AsyncIterator[Routes]:
    """The gateway's MR service; what it adds to the network is known to the service alone."""
    async with AsyncExitStack() as stack:
        opened = Routes()
        for name, target in {GATEWAY: address, **others}.items():
            client = stack.enter_context(Client(target))
            opened.routes[name] = ClientRoute(
                lambda item, slices, client=client: client.reconstruct_mr(mr_kspace(item, slices), model=model)  # type: ignore[misc]
            )
        yield opened


async def difference_to_bare(address: str, model: str, bare: BareRuntime, item: int) -> float:
    """Largest difference in HU between what the gateway returns and input minus the bare network's noise."""

    def ask() -> FloatImage:
        with Client(address) as client:
            return next(iter(client.denoise_ct(ct_volume(item, 1), model=model, timeout_s=_DEADLINE_S))).image

    image = await asyncio.to_thread(ask)
    expected = ct_slice(item) - bare.output(item)[0, 0]
    return float(np.abs(image - expected).max())
