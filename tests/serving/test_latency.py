"""The model that is fast enough is found by measuring, and the reason is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from recon.cli.serve import limits_of
from recon.engine.catalogue import Catalogue
from recon.engine.inference import Request
from recon.engine.models import ServedModel
from recon.errors import InvalidRequest
from recon.serving.latency import choose_by_latency
from recon.serving.server import Server
from recon.serving.settings import Settings
from recon.serving.triton.client import TritonClient
from recon.tasks.ct.task import CtTask

SECONDS = {"large": 0.06, "light": 0.01, "tiny": 0.001}


class Taking:
    """An inference that takes a while."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    async def outputs(self) -> dict[str, Any]:
        await asyncio.sleep(self.seconds)
        return {}

    def release(self) -> None:
        pass


class Timed:
    """A Triton whose models take as long as their names say."""

    async def begin(self, request: Request, fill: Callable[[Any], object]) -> Taking:
        return Taking(SECONDS[request.model.host])


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


def test_the_version_that_was_measured_is_served_not_a_newer_one_that_is_slower() -> None:
    triton = cast(TritonClient, Timed())
    catalogue = Catalogue(triton)
    catalogue.ready = True
    parameters = {"task": "ct", "default": "yes"}
    catalogue._models = [
        ServedModel("net", version, host, "", parameters) for version, host in (("1", "light"), ("2", "large"))
    ]
    assert catalogue.find("ct").version == "2"
    reason = asyncio.run(choose_by_latency(triton, catalogue, CtTask(), 30))
    assert catalogue.find("ct").version == "1"
    assert reason.startswith("net:1: at most 30 ms")
    asyncio.run(choose_by_latency(triton, catalogue, CtTask(), 500))
    assert catalogue.find("ct").version == "2"


def test_a_task_whose_models_can_not_be_measured_is_refused() -> None:
    triton = cast(TritonClient, Timed())
    catalogue = Catalogue(triton)
    with pytest.raises(InvalidRequest, match="task ct has no model whose time can be measured"):
        asyncio.run(choose_by_latency(triton, catalogue, CtTask(), 50))


def test_limits_are_of_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECON_LATENCY_MS", '{"ct": 50}')
    assert Settings().latency_ms == {"ct": 50}
    monkeypatch.setenv("RECON_LATENCY_MS", '{"ct": -1}')
    with pytest.raises(ValueError, match="greater than 0"):
        Settings()
    monkeypatch.delenv("RECON_LATENCY_MS")
    with pytest.raises(InvalidRequest, match="no task 'xray'; there are"):
        Server(Settings(latency_ms={"xray": 50}))


@pytest.mark.parametrize("word", ["ct", "ct=", "ct=fast", "ct=0", "ct=-3", "ct=inf", "50"])
def test_the_option_says_what_it_takes(word: str) -> None:
    with pytest.raises(InvalidRequest, match=r"give TASK=MS, such as ct=50"):
        limits_of([word])
    assert limits_of(["ct=50", "toy=2.5"]) == {"ct": 50, "toy": 2.5}
