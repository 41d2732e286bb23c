"""A gateway without Triton: the real engine, guard and calls, in front of a model that is a function."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from tritonclient.grpc import service_pb2

from recon.engine.catalogue import Catalogue
from recon.engine.limits import Limits
from recon.engine.models import ServedModel
from recon.engine.stream import StreamEngine
from recon.serving.guard import Guard
from recon.serving.services import task_handlers
from recon.serving.triton.client import TritonClient
from recon.serving.triton.process import TritonAddress
from tests.toy import ToyTask


class FakeServer:
    """In the place of the connection to Triton: multiplies, counts, and can be made to stall."""

    def __init__(self, address: TritonAddress) -> None:
        self.address = address
        self.running = self.most = self.calls = 0
        self.registered: set[str] = set()
        self.stalled = asyncio.Event()
        self.stalled.set()
        self.failure: grpc.RpcError | None = None
        self.answer: Any = None

    def infer(self, request: bytes) -> Any:
        return asyncio.ensure_future(self._infer(service_pb2.ModelInferRequest.FromString(request)))

    async def _infer(self, request: Any) -> bytes:
        self.calls += 1
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self.stalled.wait()
            if self.failure is not None:
                raise self.failure
            if self.answer is not None:
                return self.answer
            shapes = {part.name: tuple(part.shape) for part in request.inputs}
            shape = shapes.get("gain", shapes["wave"])
            raw = dict(zip(shapes, request.raw_input_contents, strict=False))
            if not raw:  # the tensors are in shared memory
                return answer_of(shape)
            wave = np.frombuffer(raw["wave"], np.complex64 if "gain" in raw else np.float32)
            gain = np.frombuffer(raw.get("gain", raw["wave"]), np.float32)
            return answer_of(shape, (np.abs(wave) * gain).astype(np.float32).tobytes())
        finally:
            self.running -= 1

    async def register(self, region: str, key: str, size: int) -> None:
        self.registered.add(region)

    async def unregister(self, region: str) -> None:
        self.registered.discard(region)

    async def close(self) -> None:
        pass


def answer_of(shape: tuple[int, ...], data: bytes = b"", name: str = "product", kind: str = "FP32") -> bytes:
    """What Triton sends: the tensor's description, and its samples where they are not in shared memory."""
    answer = service_pb2.ModelInferResponse()
    answer.outputs.add(name=name, datatype=kind, shape=shape)
    answer.raw_output_contents.append(data)  # empty for what is in shared memory
    return answer.SerializeToString()


def client_with_fake(memory: Path | None, limit: int) -> tuple[TritonClient, FakeServer]:
    """A client whose connection is a fake."""
    address = TritonAddress("127.0.0.1:1", {}, memory)
    client, fake = TritonClient(address, limit), FakeServer(address)
    client.server = client.segments._server = fake  # type: ignore[assignment]
    return client, fake


async def reached(condition: Callable[[], Any], seconds: float = 60) -> None:
    """Wait, on the loop, until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        await asyncio.sleep(0.005)


class Gateway:
    """The real engine on a loop of its own thread."""

    def __init__(self, limits: Limits) -> None:
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.run(self._start(limits))

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    async def _start(self, limits: Limits) -> None:
        self.triton, self.fake = client_with_fake(None, limits.in_flight)
        self.catalogue = Catalogue(self.triton)
        self.catalogue.ready = True
        self.serve_version("1")
        self.engine = StreamEngine(self.triton, self.catalogue, limits)
        self.server = grpc.aio.server(interceptors=[Guard()])
        self.server.add_generic_rpc_handlers(tuple(task_handlers(self.engine, [ToyTask()])))
        self.address = f"127.0.0.1:{self.server.add_insecure_port('127.0.0.1:0')}"
        await self.server.start()
        await asyncio.sleep(0)
        self.tasks = len(asyncio.all_tasks())

    def serve_version(self, version: str) -> None:
        parameters = {"task": "toy", "default": "yes", f"sha256.{version}": version * 64}
        self.catalogue._models = [ServedModel("multiply", version, "multiply", "", parameters)]

    def left(self) -> tuple[int, int, int]:
        """Streams, calls to Triton, and tasks beyond those of an idle server."""

        async def count() -> tuple[int, int, int]:
            names = [task.get_coro().__qualname__ for task in asyncio.all_tasks()]  # type: ignore[union-attr]
            own = [name for name in names if "StreamEngine" in name or "TritonClient" in name or "_behaviour" in name]
            return self.engine.streams, self.triton.calls, len(own)

        return self.run(count())

    def close(self) -> None:
        self.run(self.server.stop(None))
        self.run(self.engine.close())
        self.run(self.triton.close())
        self.loop.call_soon_threadsafe(self.loop.stop)


@pytest.fixture
def limits() -> Limits:
    return Limits(most_streams=4, read_ahead=2, in_flight=2, idle_s=30.0)


@pytest.fixture
def gateway(limits: Limits) -> Iterator[Gateway]:
    with contextlib.closing(Gateway(limits)) as made:
        yield made


@pytest.fixture
def channel(gateway: Gateway) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(gateway.address) as made:
        yield made
