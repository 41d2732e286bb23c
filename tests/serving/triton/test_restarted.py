"""A Triton that nobody here started was restarted: what the old one had mapped is not taken for mapped."""

from __future__ import annotations

import asyncio
from pathlib import Path

import grpc
import pytest

from recon.errors import ServiceUnavailable, UnknownModel
from tests.serving.triton.requests import client_of, once, request


def failure(code: grpc.StatusCode, words: str) -> grpc.RpcError:
    nothing = grpc.aio.Metadata()
    return grpc.aio.AioRpcError(code, nothing, nothing, words)


def test_a_segment_that_triton_does_not_know_is_no_unknown_model(memory: Path) -> None:
    async def main() -> None:
        client, fake = client_of(memory)
        await asyncio.gather(once(client, request()), once(client, request()))
        assert client.idle_slots == 2
        fake.registered.clear()
        fake.failure = failure(grpc.StatusCode.NOT_FOUND, "Unable to find shared memory region: 'recon_17_secret'")
        with pytest.raises(ServiceUnavailable, match="restarted; try again") as caught:
            await once(client, request())
        assert "secret" not in caught.value.problem
        assert client.idle_slots == 0  # the other would fail as well
        fake.failure = None
        await once(client, request())
        assert client.idle_slots == len(fake.registered) == 1

    asyncio.run(main())


def test_a_call_of_the_old_triton_that_fails_late_does_not_cost_what_the_new_one_mapped(memory: Path) -> None:
    async def main() -> None:
        client, fake = client_of(memory)
        fake.stalled.clear()
        fake.failure = failure(grpc.StatusCode.NOT_FOUND, "Unable to find shared memory region: 'x'")
        late = asyncio.create_task(once(client, request()))
        while not fake.running:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        client.server_restarted()
        new = await client.segments.make(4096)
        assert new is not None
        client.segments.keep(new)
        fake.stalled.set()
        with pytest.raises(ServiceUnavailable):
            await late
        assert client.segments.idle == [new]

    asyncio.run(main())


def test_a_model_that_is_not_there_is_unknown_still(memory: Path) -> None:
    async def main() -> None:
        client, fake = client_of(memory)
        fake.failure = failure(grpc.StatusCode.NOT_FOUND, "Request for unknown model: 'm' is not found")
        with pytest.raises(UnknownModel):
            await once(client, request())

    asyncio.run(main())


def test_after_it_was_away_no_idle_segment_is_used_and_the_same_triton_unmaps_them(memory: Path) -> None:
    async def main() -> None:
        client, fake = client_of(memory)
        await once(client, request())
        (before,) = fake.registered
        client.server_in_doubt()
        assert client.idle_slots == 0
        await once(client, request())
        assert before not in fake.registered
        assert len(fake.registered) == client.idle_slots == 1

    asyncio.run(main())


def test_a_segment_whose_registration_was_not_answered_in_time_is_unmapped_later(
    memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        client, fake = client_of(memory)
        register = fake.register

        async def late(region: str, key: str, size: int) -> None:
            await register(region, key, size)
            raise failure(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")

        with monkeypatch.context() as patch:
            patch.setattr(fake, "register", late)
            with pytest.raises(ServiceUnavailable, match="in time"):
                await once(client, request())
        assert len(fake.registered) == 1
        await once(client, request())
        assert len(fake.registered) == client.idle_slots == 1

    asyncio.run(main())
