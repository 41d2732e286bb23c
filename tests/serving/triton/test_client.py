"""Calls to Triton: how many at a time, and what becomes of their memory."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from recon.engine.models import ServedModel
from recon.serving.triton.client import TritonClient
from tests.gateway import FakeServer, reached
from tests.serving.triton.requests import client_of, once, request


def test_cancelled_calls_keep_their_permit_and_memory_until_triton_is_done(memory: Path) -> None:
    async def main() -> None:
        client, fake = client_of(memory)
        fake.stalled.clear()
        for number in range(40):
            call = asyncio.create_task(once(client, request()))
            await reached(lambda number=number: fake.running >= min(number + 1, 2))
            await asyncio.sleep(0.005)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
        assert fake.most == 2
        assert fake.running == client.calls == 2
        fake.stalled.set()
        await reached(lambda: not client.calls)
        assert (client.calls, fake.running) == (0, 0)
        assert client.idle_slots == len(fake.registered) <= 2
        await asyncio.gather(*(once(client, request()) for _ in range(5)))

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


def test_a_model_that_is_busy_holds_up_no_other(memory: Path) -> None:
    async def main() -> None:
        client, fake = client_of(memory)
        fake.stalled.clear()
        slow = [asyncio.create_task(once(client, request())) for _ in range(3)]
        await reached(lambda: fake.running == 2)
        await asyncio.sleep(0.05)
        assert fake.running == 2  # its own permits
        other = replace(request(), model=ServedModel("n", "1", "n", "", {}))
        another = asyncio.create_task(once(client, other))
        await reached(lambda: fake.running == 3)
        fake.stalled.set()
        await asyncio.gather(*slow, another)

    asyncio.run(main())


def test_a_given_up_call_tells_the_model_by_a_file_where_memory_is_shared_and_is_cancelled_where_it_is_not(
    memory: Path,
) -> None:
    async def give_up(shared: Path | None) -> tuple[TritonClient, FakeServer]:
        client, fake = client_of(shared)
        fake.stalled.clear()
        call = asyncio.create_task(once(client, request()))
        await reached(lambda: fake.running == 1)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        return client, fake

    async def main() -> None:
        client, fake = await give_up(memory)
        await reached(lambda: list(memory.glob("*_halt*")))
        assert len(list(memory.glob("*_halt*"))) == fake.running == client.calls == 1
        fake.stalled.set()
        await reached(lambda: not list(memory.iterdir()))
        client, fake = await give_up(None)
        await reached(lambda: (fake.running, client.calls) == (0, 0))

    asyncio.run(main())
