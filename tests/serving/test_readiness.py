"""Readiness is told, and what it costs to be away is mended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from recon.engine.catalogue import Catalogue
from recon.engine.models import ServedModel
from recon.errors import InternalError
from recon.serving import readiness, unanswered
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

    async def replace(self, name: str) -> None:
        self.told.append(f"replace {name}")
        raise InternalError("it does not load")

    async def reconnect(self) -> None:
        self.told.append("reconnect")

    def server_in_doubt(self) -> None:
        self.told.append("in doubt")


class Embedded:
    """In the place of the process."""

    def __init__(self, *lost: str) -> None:
        self.pid, self.restarts, self.killed, self.lost = 7, 0, 0, set(lost)

    def lost_models(self) -> set[str]:
        return self.lost

    def kill(self) -> None:
        self.killed += 1


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


def test_a_model_that_does_not_load_again_makes_the_others_no_less_ready() -> None:
    triton = Triton()

    async def body(catalogue: Catalogue) -> None:
        await eventually(lambda: catalogue.ready)
        await asyncio.sleep(0.2)
        assert catalogue.ready
        assert triton.told == ["replace broken"]  # not at every look

    watched(triton, body, Embedded("broken"))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unanswered, "_LEAST_S", 0.2)
    monkeypatch.setattr(unanswered, "_LEAST_FAILURES", 5)


@pytest.mark.usefixtures("impatient")
def test_a_triton_that_hangs_is_ended_but_not_one_that_still_starts() -> None:
    triton, embedded = Triton(), Embedded()

    async def body(catalogue: Catalogue) -> None:
        triton.there = False
        await asyncio.sleep(0.5)
        assert embedded.killed == 0  # it was never ready
        triton.there = True
        await eventually(lambda: catalogue.ready)
        triton.there = False
        await eventually(lambda: embedded.killed == 1)
        embedded.pid = 8  # started again, and loads its models
        await asyncio.sleep(0.5)
        assert embedded.killed == 1
        assert triton.told == []

    watched(triton, body, embedded)


@pytest.mark.usefixtures("impatient")
def test_the_connection_to_another_triton_that_is_silent_is_made_anew() -> None:
    triton = Triton()

    async def body(catalogue: Catalogue) -> None:
        await eventually(lambda: catalogue.ready)
        triton.there = False
        await eventually(lambda: triton.told.count("reconnect") == 2)

    watched(triton, body)
