"""Calls to Triton: how many at a time, and what becomes of their memory."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from recon.engine.inference import Request, infer
from recon.engine.models import ServedModel
from recon.errors import InternalError, UnusableData
from recon.serving.triton.client import TritonClient
from recon.tasks.base import TensorSpec
from tests.gateway import FakeServer, answer_of, client_with_fake

MODEL = ServedModel("m", "1", "m", "", {})


def client_of(memory: Path | None, limit: int = 2) -> tuple[TritonClient, FakeServer]:
    return client_with_fake(memory, limit)


def request(side: int = 8) -> Request:
    return Request(MODEL, {"wave": TensorSpec((side, side))}, {"product": TensorSpec((side, side))}, {})


async def once(client: TritonClient, what: Request, fill: Any = lambda tensors: None) -> None:
    async with infer(client, what, fill):
        pass


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


def test_cancelled_calls_keep_their_permit_and_memory_until_triton_is_done(memory: Path) -> None:
    async def main() -> None:
        client, fake = client_of(memory)
        fake.stalled.clear()
        for _ in range(40):
            call = asyncio.create_task(once(client, request()))
            await asyncio.sleep(0.005)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
        assert fake.most == 2
        assert fake.running == client.calls == 2
        fake.stalled.set()
        for _ in range(100):
            await asyncio.sleep(0.01)
            if not client.calls:
                break
        assert (client.calls, fake.running) == (0, 0)
        assert client.idle_slots == len(fake.registered) <= 2
        await asyncio.gather(*(once(client, request()) for _ in range(5)))

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


def test_input_that_can_not_be_prepared_costs_nothing(memory: Path) -> None:
    def refuse(tensors: Any) -> None:
        raise UnusableData("NaN")

    async def main() -> None:
        client, fake = client_of(memory)
        for _ in range(5):
            with pytest.raises(UnusableData):
                await once(client, request(), refuse)
        assert (client.calls, client.idle_slots, fake.calls) == (0, 1, 0)

    asyncio.run(main())


def test_a_caller_that_goes_while_its_input_is_written_does_not_share_its_memory(memory: Path) -> None:
    """Otherwise one patient's slice could be written over another's."""
    import threading

    writing, finish = threading.Event(), threading.Event()

    def slow(tensors: Any) -> None:
        writing.set()
        finish.wait(5)
        tensors["wave"][:] = np.nan

    async def main() -> None:
        client, fake = client_of(memory)
        call = asyncio.create_task(once(client, request(), slow))
        await asyncio.to_thread(writing.wait, 5)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        assert client.idle_slots == 0, "the thread still writes there"
        seen = []

        def good(tensors: Any) -> None:
            tensors["wave"][:] = 1
            finish.set()
            seen.append(tensors["wave"])

        await once(client, request(), good)
        await asyncio.sleep(0.05)
        assert (seen[0] == 1).all()
        assert fake.calls == 1, "nobody waits for the first, so it is not sent"

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


def test_a_model_that_is_busy_holds_up_no_other(memory: Path) -> None:
    async def main() -> None:
        client, fake = client_of(memory)
        fake.stalled.clear()
        slow = [asyncio.create_task(once(client, request())) for _ in range(3)]
        await asyncio.sleep(0.05)
        assert fake.running == 2  # its own permits
        other = replace(request(), model=ServedModel("n", "1", "n", "", {}))
        another = asyncio.create_task(once(client, other))
        await asyncio.sleep(0.05)
        assert fake.running == 3
        fake.stalled.set()
        await asyncio.gather(*slow, another)

    asyncio.run(main())


def test_an_answer_is_compared_with_what_was_asked(memory: Path) -> None:
    async def main() -> None:
        client, fake = client_of(memory)
        for name, kind, shape in (("other", "FP32", (8, 8)), ("product", "INT16", (8, 8)), ("product", "FP32", (4, 8))):
            fake.answer = answer_of(shape, b"", name, kind)
            with pytest.raises(InternalError, match="another product than was asked for"):
                await once(client, request())

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


def test_a_given_up_call_tells_the_model_by_a_file_where_memory_is_shared_and_is_cancelled_where_it_is_not(
    memory: Path,
) -> None:
    async def give_up(shared: Path | None) -> tuple[TritonClient, FakeServer]:
        client, fake = client_of(shared)
        fake.stalled.clear()
        call = asyncio.create_task(once(client, request()))
        await asyncio.sleep(0.2)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        await asyncio.sleep(0.01)
        return client, fake

    async def main() -> None:
        client, fake = await give_up(memory)
        assert len(list(memory.glob("*_halt*"))) == fake.running == client.calls == 1
        fake.stalled.set()
        await asyncio.sleep(0.2)
        assert list(memory.iterdir()) == []
        client, fake = await give_up(None)
        assert (fake.running, client.calls) == (0, 0)

    asyncio.run(main())
