"""Given-up requests end in Triton, and a model that does not end is replaced while the service goes on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from recon.backend.build import write_code
from recon.backend.configuration import Entry, ModelConfig, write_config
from recon.engine.inference import Request, infer
from recon.engine.models import ServedModel
from recon.errors import DeadlineExceeded, ServiceUnavailable
from recon.serving.triton.client import TritonClient
from recon.serving.triton.process import EmbeddedTriton
from recon.tasks.base import TensorSpec

pytestmark = pytest.mark.service
#: Takes as long as it is told to, and looks or does not.
MODEL = """
import time
from served.backend.python_model import PythonModel
from served.backend.watch import Watch

class TritonPythonModel(PythonModel):
    def load(self, folder, config, parameters):
        self.halt = self.watch = Watch(1.0)

    def answer(self, inputs, parameters):
        while parameters.get("how") == "looks":
            self.halt()
            time.sleep(0.01)
        while parameters.get("how") == "never looks":
            time.sleep(0.01)
        return {"product": inputs["wave"]}
"""
SPEC = TensorSpec((4, 4))


def request(how: str = "", deadline: float | None = None) -> Request:
    return Request(ServedModel("slow", "1", "slow"), {"wave": SPEC}, {"product": SPEC}, {"how": how}, deadline)


@asynccontextmanager
async def triton(folder: Path, *, shared_memory: bool) -> AsyncIterator[tuple[EmbeddedTriton, TritonClient]]:
    version = folder / "slow" / "1"
    version.mkdir(parents=True)
    write_code(version, "network")
    (version / "model.py").write_text(MODEL)
    config = ModelConfig("toy", "Slow", "", [Entry("wave", (-1, -1))], [Entry("product", (-1, -1))])
    write_config(folder / "slow", "1", config, ["model.py"], 1.0, "")
    server = EmbeddedTriton(folder, models=["slow"])
    await server.start()
    client = TritonClient(server.address, shared_memory=shared_memory)
    client.has_lost = lambda host: host in server.lost_models()
    try:
        await eventually(client.is_ready)
        yield server, client
    finally:
        await client.close()
        await server.stop()


async def eventually(condition: Any, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, "it did not come true"
        await asyncio.sleep(0.05)


async def once(client: TritonClient, what: Request) -> np.ndarray:
    def fill(tensors: Any) -> None:
        tensors["wave"][...] = 7

    async with infer(client, what, fill) as outputs:
        return np.array(outputs["product"])


async def answers(client: TritonClient) -> bool:
    return bool((await once(client, request(deadline=time.monotonic() + 20)) == 7).all())


def stubs(server: EmbeddedTriton) -> set[int]:
    return {child.pid for child in psutil.Process(server.pid).children(recursive=True) if "stub" in child.name()}


@pytest.mark.parametrize("shared_memory", [True, False])
def test_given_up_requests_end_in_triton(tmp_path: Path, shared_memory: bool) -> None:
    async def main() -> None:
        async with triton(tmp_path / "models", shared_memory=shared_memory) as (server, client):

            async def idle() -> bool:
                return client.calls == 0

            async def lost() -> bool:
                return server.lost_models() == {"slow"}

            assert await answers(client)
            assert server.lost_models() == set()
            assert client.shared_memory is shared_memory
            before = stubs(server)
            for _ in range(4):  # more than there are permits, or instances
                call = asyncio.create_task(once(client, request("looks")))
                await asyncio.sleep(0.3)
                call.cancel()
                await asyncio.gather(call, return_exceptions=True)
            await eventually(idle)
            assert await answers(client)
            assert stubs(server) == before  # it stopped by itself
            with pytest.raises(DeadlineExceeded):
                await once(client, request("never looks", time.monotonic() + 0.5))
            await eventually(idle)
            running = server.pid
            await eventually(lost)
            with pytest.raises(ServiceUnavailable, match="being replaced"):  # no fault of this request
                await once(client, request())
            await client.replace("slow")
            assert await answers(client)
            assert server.lost_models() == set()
            assert stubs(server) != before  # it had to be replaced
            assert (server.pid, server.restarts) == (running, 0)

    asyncio.run(main())
