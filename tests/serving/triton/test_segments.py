"""Shared memory is used again, and none is left behind or shared by two."""

from __future__ import annotations

import asyncio
from pathlib import Path

import grpc
import pytest

from recon.engine.inference import infer
from recon.errors import InternalError
from tests.serving.triton.requests import client_of, once, request


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
        await asyncio.sleep(0.05)
        assert (client.calls, client.idle_slots, len(fake.registered)) == (0, 0, 0)

    asyncio.run(main())


def test_memory_that_a_dead_triton_knew_is_forgotten(memory: Path) -> None:
    async def main() -> None:
        client, fake = client_of(memory)
        fake.stalled.clear()
        call = asyncio.create_task(once(client, request()))
        await asyncio.sleep(0.05)
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
