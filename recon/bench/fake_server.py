"""A gRPC server that does what the self-test tells it to: wait, fail, drop slices, return wrong pixels.

Run as ``python -m recon.bench.fake_server``; it prints its address and serves until its input ends.
"""

from __future__ import annotations

import asyncio
import struct
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Annotated

import grpc
import numpy as np
import typer

from recon.bench.observation import Reply

METHOD = "/recon.bench.Fake/Answer"
#: The same in one message.
METHOD_ONCE = "/recon.bench.Fake/AnswerOnce"
#: What the server may do wrong.
FAULTS = ("none", "errors", "drops", "wrong")


def delays_s(count: int = 1024, seed: int = 0) -> list[float]:
    """Service times in s that the server goes through, log-normal around 20 ms."""
    rng = np.random.default_rng(seed)
    return [float(value) for value in np.exp(rng.normal(np.log(0.020), 0.5, count))]


async def _serve(fault: str) -> None:
    delays, asked = delays_s(), 0

    async def answer(request: bytes, context: grpc.aio.ServicerContext) -> AsyncIterator[bytes]:
        nonlocal asked
        number, asked = asked, asked + 1
        item, slices = struct.unpack("<II", request)
        if fault == "errors":
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such model")
        await asyncio.sleep(delays[number % len(delays)])
        for index in range(slices - (fault == "drops" and number % 3 == 2)):
            content = item * 1000 + index + (number if fault == "wrong" else 0)
            yield struct.pack("<I", content)

    async def answer_once(request: bytes, context: grpc.aio.ServicerContext) -> bytes:
        return b"".join([part async for part in answer(request, context)])

    methods = {
        "Answer": grpc.unary_stream_rpc_method_handler(answer),
        "AnswerOnce": grpc.unary_unary_rpc_method_handler(answer_once),
    }
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("recon.bench.Fake", methods),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"127.0.0.1:{port}", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.stop(0)


@dataclass(frozen=True)
class Fake:
    """A running fake server: its address and its process."""

    address: str
    pid: int


@contextmanager
def fake_server(fault: str = "none") -> Iterator[Fake]:
    """A fake server in a process of its own."""
    command = [sys.executable, "-m", "recon.bench.fake_server", "--fault", fault]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Fake(process.stdout.readline().strip(), process.pid)
    finally:
        process.stdin.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class FakeRoute:
    """The fake server as the load generator sees it."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._call = channel.unary_stream(METHOD)

    async def __call__(self, item: int, slices: int) -> Reply:
        """Its answer."""
        first: float | None = None
        parts: list[bytes | memoryview] = []
        async for part in self._call(struct.pack("<II", item, slices)):
            first = first or time.monotonic()
            parts.append(part)
        return Reply(len(parts), parts, first, time.monotonic())


@asynccontextmanager
async def fake_route(address: str) -> AsyncIterator[FakeRoute]:
    """A connected route."""
    async with grpc.aio.insecure_channel(address) as channel:
        await channel.channel_ready()
        yield FakeRoute(channel)


def main(fault: Annotated[str, typer.Option(help=f"One of {', '.join(FAULTS)}.")] = "none") -> None:
    """Print the address and serve until the input ends."""
    if fault not in FAULTS:
        raise typer.BadParameter(f"{fault} is none of {', '.join(FAULTS)}")
    asyncio.run(_serve(fault))


if __name__ == "__main__":
    typer.run(main)
