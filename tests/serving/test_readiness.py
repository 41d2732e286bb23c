"""Readiness is told, and what it costs to be away is mended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from recon.engine.catalogue import Catalogue
from recon.engine.models import ServedModel
from recon.serving import readiness
from recon.serving.readiness import Readiness


class Triton:
    """Ready or not, as is set; writes down what it is told."""

    def __init__(self) -> None:
        self.there, self.told = True, list[str]()

    async def is_ready(self) -> bool:
        return self.there

    async def models(self) -> list[ServedModel]:
        return [ServedModel("m", "1", "m", "", {"task": "ct"})]

    async def statistics(self) -> dict[str, dict[str, float]]:
        return {}

    def server_in_doubt(self) -> None:
        self.told.append("in doubt")


async def eventually(condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it did not come true")


def watched(triton: Triton, body: Callable[[Catalogue], Awaitable[None]], embedded: Any = None) -> None:
    """Run ``body`` while readiness is watched."""

    async def run() -> None:
        catalogue = Catalogue(triton)  # type: ignore[arg-type]
        watch = Readiness((), triton, catalogue, embedded)  # type: ignore[arg-type]
        watching = asyncio.create_task(watch._watch())
        try:
            await body(catalogue)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    asyncio.run(run())


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "_POLL_READY_S", 0.02)
    monkeypatch.setattr(readiness, "_POLL_WAITING_S", 0.02)


def test_what_another_triton_had_mapped_is_doubted_once_each_time_it_was_away() -> None:
    triton = Triton()

    async def body(catalogue: Catalogue) -> None:
        for _ in range(2):
            await eventually(lambda: catalogue.ready)
            await asyncio.sleep(0.1)
            assert triton.told == []
            triton.there = False
            await eventually(lambda: bool(triton.told))
            await asyncio.sleep(0.1)
            assert triton.told == ["in doubt"]
            triton.told.clear()
            triton.there = True

    watched(triton, body)
