"""Calls to a Triton that is a function."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recon.engine.inference import Request, infer
from recon.engine.models import ServedModel
from recon.serving.triton.client import TritonClient
from recon.tasks.base import TensorSpec
from tests.gateway import FakeServer, client_with_fake

MODEL = ServedModel("m", "1", "m", "", {})


def client_of(memory: Path | None, limit: int = 2) -> tuple[TritonClient, FakeServer]:
    return client_with_fake(memory, limit)


def request(side: int = 8) -> Request:
    return Request(MODEL, {"wave": TensorSpec((side, side))}, {"product": TensorSpec((side, side))}, {})


async def once(client: TritonClient, what: Request, fill: Any = lambda tensors: None) -> None:
    async with infer(client, what, fill):
        pass
