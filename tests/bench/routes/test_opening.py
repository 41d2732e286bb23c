"""Routes are those of the model."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest

from recon.bench.routes import BARE, BODY, GATEWAY, SHARED, TASK, open_routes, routes_of
from recon.errors import InvalidRequest


def _open(task: str, model: str, names: Iterable[str], slices: int) -> list[str]:
    async def run() -> list[str]:
        async with open_routes(task, "127.0.0.1:1", model, names, {}, slices) as opened:
            return list(opened.routes)

    return asyncio.run(run())


def test_routes_are_those_of_the_model() -> None:
    for model in ("ct_denoise", "contrast_enhance", "sense", "mr_unrolled"):
        assert routes_of(model) == (BARE, BODY, SHARED, TASK, GATEWAY)
    assert _open("contrast", "contrast_enhance", (BARE, TASK, GATEWAY), 5) == [BARE, TASK, GATEWAY]
    assert _open("ct", "ct_denoise_light", (BARE, GATEWAY), 1) == [BARE, GATEWAY]
    assert _open("mr", "sense", (BARE, TASK, GATEWAY), 1) == [BARE, TASK, GATEWAY]


def test_what_can_not_be_measured_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="no such route"):
        _open("mr", "sense", ("nonsense",), 8)
    with pytest.raises(InvalidRequest, match="holds no model nonsense"):
        _open("ct", "nonsense", (GATEWAY,), 8)
    with pytest.raises(InvalidRequest, match="at least 5 slices"):
        _open("contrast", "contrast_enhance", (BARE,), 4)
