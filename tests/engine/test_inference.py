"""A request that has the machine to itself says so, and none that others wait for."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tritonclient.grpc import service_pb2

from recon.engine.inference import Request, infer
from recon.engine.models import ServedModel
from recon.tasks.base import TensorSpec
from tests.gateway import client_with_fake, reached

MODEL = ServedModel("m", "1", "m", "", {})


def test_only_the_last_of_a_series_with_nothing_else_under_way_is_alone(tmp_path: Path) -> None:
    async def main() -> None:
        client, fake = client_with_fake(tmp_path, 2)
        seen: list[bool] = []
        answer = fake.infer

        def watched(raw: bytes) -> object:
            seen.append("alone" in service_pb2.ModelInferRequest.FromString(raw).parameters)
            return answer(raw)

        fake.infer = watched  # type: ignore[method-assign]

        async def once(last: bool) -> None:
            spec = {"wave": TensorSpec((8, 8))}
            request = Request(MODEL, spec, {"product": TensorSpec((8, 8))}, {}, quick=True, last=last)
            async with infer(client, request, lambda tensors: None):
                pass

        await once(last=True)
        await once(last=False)
        fake.stalled.clear()
        both = [asyncio.create_task(once(last=True)) for _ in range(2)]
        await reached(lambda: fake.running == 2)
        fake.stalled.set()
        await asyncio.gather(*both)
        await once(last=True)
        # of the two at a time the first was alone when it was sent
        assert seen == [True, False, True, False, True]

    asyncio.run(main())
