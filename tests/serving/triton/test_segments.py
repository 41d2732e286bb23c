"""Segments are kept for the next call, and none stays mapped that is not."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import grpc
import pytest

from recon.engine.inference import infer
from recon.errors import InternalError
from recon.serving.triton.process import TritonAddress
from recon.serving.triton.segments import Segments
from tests.gateway import reached
from tests.serving.triton.requests import client_of, once, request


class Busy(grpc.RpcError):
    def details(self) -> str:
        return "it is currently in use"


class MappingServer:
    """In the place of Triton: knows what is mapped, and what a call still uses."""

    def __init__(self, memory: Path) -> None:
        self.address = TritonAddress("127.0.0.1:1", {}, memory)
        self.mapped: set[str] = set()
        self.used: set[str] = set()

    async def register(self, region: str, key: str, size: int) -> None:
        self.mapped.add(region)

    async def unregister(self, region: str) -> None:
        if region in self.used:
            raise Busy
        self.mapped.discard(region)


@pytest.fixture
def server(tmp_path: Path) -> MappingServer:
    return MappingServer(tmp_path)


def made(segments: Segments, size: int) -> Any:
    slot = asyncio.run(segments.make(size))
    assert slot is not None
    return slot


def test_an_idle_segment_serves_what_fits_and_no_more(server: MappingServer) -> None:
    segments = Segments(server, True, kept=2)  # type: ignore[arg-type]
    slot = made(segments, 4096)
    assert segments.keep(slot)
    assert segments.waiting(8192) is None
    assert segments.waiting(100) is slot
    assert segments.waiting(100) is None  # somebody has it


def test_a_larger_one_replaces_what_is_too_small(server: MappingServer) -> None:
    segments = Segments(server, True, kept=2)  # type: ignore[arg-type]
    segments.keep(made(segments, 4096))
    larger = made(segments, 8192)
    assert server.mapped == {larger.region}


def test_what_a_call_still_uses_is_unmapped_later(server: MappingServer) -> None:
    segments = Segments(server, True, kept=0)  # type: ignore[arg-type]
    first, second = made(segments, 4096), made(segments, 4096)
    server.used = {first.region}
    asyncio.run(segments.discard(first))
    assert first.region in server.mapped
    server.used = set()
    asyncio.run(segments.discard(second))
    assert server.mapped == set()


def test_of_a_triton_that_is_gone_nothing_is_asked(server: MappingServer) -> None:
    segments = Segments(server, True, kept=0)  # type: ignore[arg-type]
    old, used = made(segments, 4096), made(segments, 4096)
    server.used = {used.region}
    asyncio.run(segments.discard(used))
    segments.forget()
    asyncio.run(segments.discard(old))
    new = made(segments, 4096)
    asyncio.run(segments.discard(new))
    assert server.mapped == {old.region, used.region}


def test_memory_is_used_again_and_does_not_pile_up(memory: Path) -> None:
    async def main() -> None:
        client, fake = client_of(memory)
        for _ in range(20):
            await asyncio.gather(*(once(client, request()) for _ in range(6)))
        assert client.idle_slots <= 2
        assert len(fake.registered) == client.idle_slots
        await once(client, request(64))  # larger: the small ones go
        assert client.idle_slots == len(fake.registered) == 1
        assert list(memory.iterdir()) == [], "names of segments stay no longer than they must"

    asyncio.run(main())


def test_memory_of_a_call_that_failed_is_unregistered(memory: Path) -> None:
    async def main() -> None:
        client, fake = client_of(memory)
        nothing = grpc.aio.Metadata()
        fake.failure = grpc.aio.AioRpcError(grpc.StatusCode.INTERNAL, nothing, nothing, "secret segment name")
        for _ in range(5):
            with pytest.raises(InternalError) as caught:
                await once(client, request())
            assert "secret" not in caught.value.problem
        await reached(lambda: (client.calls, client.idle_slots, len(fake.registered)) == (0, 0, 0))

    asyncio.run(main())


def test_memory_that_a_dead_triton_knew_is_forgotten(memory: Path) -> None:
    async def main() -> None:
        client, fake = client_of(memory)
        fake.stalled.clear()
        call = asyncio.create_task(once(client, request()))
        await reached(lambda: fake.running == 1)
        client.server_restarted()
        fake.stalled.set()
        await call
        assert client.idle_slots == 0

    asyncio.run(main())


def test_outputs_start_at_zero_in_memory_that_is_used_again(memory: Path) -> None:
    async def main() -> None:
        client, _ = client_of(memory)
        async with infer(client, request(), lambda tensors: None) as tensors:
            tensors["product"][...] = 7
        async with infer(client, request(), lambda tensors: None) as tensors:
            assert not tensors["product"].any()

    asyncio.run(main())


def test_a_segment_of_a_large_request_is_not_kept_for_small_ones(memory: Path) -> None:
    async def main() -> None:
        client, fake = client_of(memory)
        await once(client, request(2048))
        (large,) = client.segments.idle
        assert large.size > 16 * 2**20
        await once(client, request(8))
        (small,) = client.segments.idle
        assert small.size < 2**20
        assert len(fake.registered) == 1

    asyncio.run(main())
