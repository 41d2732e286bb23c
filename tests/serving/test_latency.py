"""The model that is fast enough is found by measuring, and the reason is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from recon.engine.catalogue import Catalogue
from recon.engine.inference import Request
from recon.engine.models import ServedModel
from recon.serving.latency import choose_by_latency
from recon.serving.triton.client import TritonClient
from recon.tasks.ct.task import CtTask

SECONDS = {"large": 0.06, "light": 0.01, "tiny": 0.001}


class Timed:
    """A Triton whose models take as long as their names say."""

    @asynccontextmanager
    async def infer(self, request: Request, fill: Callable[[Any], object]) -> AsyncIterator[dict[str, Any]]:
        await asyncio.sleep(SECONDS[request.model.name])
        yield {}


@pytest.mark.parametrize(("limit", "expected"), [(500, "large"), (30, "light"), (6, "tiny"), (0.01, "tiny")])
def test_the_best_model_that_keeps_the_limit_becomes_the_default(limit: float, expected: str) -> None:
    triton = cast(TritonClient, Timed())
    catalogue = Catalogue(triton)
    catalogue.ready = True
    catalogue._models = [
        ServedModel(name, "1", name, "", {"task": "ct", "default": "yes" if name == "large" else "no"})
        for name in SECONDS
    ]
    assert catalogue.find("ct").name == "large"
    reason = asyncio.run(choose_by_latency(triton, catalogue, CtTask(), limit))
    assert catalogue.find("ct").name == expected
    assert catalogue.find("ct", "large").name == "large"  # who names a model gets it
    assert expected in reason
    assert "ms" in reason
