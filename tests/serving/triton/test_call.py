"""A call is what was asked, and answers for itself."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tritonclient.grpc import service_pb2

from recon.errors import InternalError, UnusableData
from tests.gateway import answer_of
from tests.serving.triton.requests import client_of, once, request


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


def test_an_answer_is_compared_with_what_was_asked(memory: Path) -> None:
    async def main() -> None:
        client, fake = client_of(memory)
        for name, kind, shape in (("other", "FP32", (8, 8)), ("product", "INT16", (8, 8)), ("product", "FP32", (4, 8))):
            fake.answer = answer_of(shape, b"", name, kind)
            with pytest.raises(InternalError, match="another product than was asked for"):
                await once(client, request())

    asyncio.run(main())


@pytest.mark.parametrize(("here", "said"), [(True, "deadline_unix_s"), (False, "left_s")])
def test_until_when_it_is_wanted_is_said_by_the_clock_that_both_have(memory: Path, here: bool, said: str) -> None:
    async def main() -> None:
        client, fake = client_of(memory if here else None)
        asked: list[Any] = []
        infer = fake.infer

        def watched(raw: bytes) -> Any:
            asked.append(service_pb2.ModelInferRequest.FromString(raw))
            return infer(raw)

        fake.infer = watched  # type: ignore[method-assign]
        await once(client, request(), lambda tensors: tensors["wave"].fill(0))
        assert {"deadline_unix_s", "left_s"} & set(asked[0].parameters) == {said}

    asyncio.run(main())
