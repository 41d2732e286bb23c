"""A model that is to come back is away, not unknown; one that was unloaded on purpose is gone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tritonclient.grpc import model_config_pb2, service_pb2

from recon.engine.catalogue import Catalogue
from recon.errors import ServiceUnavailable, UnknownModel
from tests.serving.triton.requests import client_of


class Repository:
    """In the place of the connection to Triton."""

    def __init__(self) -> None:
        self.states = {"a": ("READY", ""), "b": ("READY", "")}

    async def ready(self) -> bool:
        return True

    async def index(self) -> Any:
        answer = service_pb2.RepositoryIndexResponse()
        for name, (state, reason) in self.states.items():
            answer.models.add(name=name, version="1", state=state, reason=reason)
        return answer

    async def config(self, name: str, version: str) -> Any:
        config = model_config_pb2.ModelConfig(name=name)
        config.parameters["task"].string_value = "ct"
        config.parameters["default"].string_value = "yes" if name == "a" else "no"
        return config


@pytest.mark.parametrize(
    ("state", "reason", "error"),
    [
        ("LOADING", "", ServiceUnavailable),
        ("UNLOADING", "", ServiceUnavailable),
        ("UNAVAILABLE", "Internal: RuntimeError: no", ServiceUnavailable),
        ("UNAVAILABLE", "unloaded", UnknownModel),
    ],
)
def test_a_model_that_is_not_ready_any_more(state: str, reason: str, error: type[Exception]) -> None:
    async def main() -> None:
        client, _ = client_of(None)
        place: Any = Repository()
        client.server = place
        catalogue = Catalogue(client)
        place.states["c"] = "UNAVAILABLE", "Internal: it never loaded"
        assert await catalogue.refresh()
        assert [model.name for model in catalogue.models] == ["a", "b"]
        place.states["a"] = state, reason
        for _ in range(2):
            assert await catalogue.refresh()
            with pytest.raises(error):
                catalogue.find("ct", "a")
            assert catalogue.find("ct", "b").name == "b"
        place.states["a"] = "READY", ""
        await catalogue.refresh()
        assert catalogue.find("ct").name == "a"

    asyncio.run(main())
