"""Segments are kept for the next call, and none stays mapped that is not."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import grpc
import pytest

from recon.serving.triton.process import TritonAddress
from recon.serving.triton.segments import Segments


class Busy(grpc.RpcError):
    def details(self) -> str:
        return "it is currently in use"


class MappingServer:
    """In the place of Triton: knows what is mapped, and what a call still uses."""

    def __init__(self, memory: Path) -> None:
        self.address = TritonAddress("127.0.0.1:1", {}, memory)
        self.mapped: set[str] = set()
        self.used: set[str] = set()

    async def register(self, region: str, key: str, size: int) -> None:
        self.mapped.add(region)

    async def unregister(self, region: str) -> None:
        if region in self.used:
            raise Busy
        self.mapped.discard(region)


@pytest.fixture
def server(tmp_path: Path) -> MappingServer:
    return MappingServer(tmp_path)


def made(segments: Segments, size: int) -> Any:
    slot = asyncio.run(segments.make(size))
    assert slot is not None
    return slot


def test_an_idle_segment_serves_what_fits_and_no_more(server: MappingServer) -> None:
    segments = Segments(server, True, kept=2)  # type: ignore[arg-type]
    slot = made(segments, 4096)
    assert segments.keep(slot)
    assert segments.waiting(8192) is None
    assert segments.waiting(100) is slot
    assert segments.waiting(100) is None  # somebody has it


def test_a_larger_one_replaces_what_is_too_small(server: MappingServer) -> None:
    segments = Segments(server, True, kept=2)  # type: ignore[arg-type]
    segments.keep(made(segments, 4096))
    larger = made(segments, 8192)
    assert server.mapped == {larger.region}


def test_what_a_call_still_uses_is_unmapped_later(server: MappingServer) -> None:
    segments = Segments(server, True, kept=0)  # type: ignore[arg-type]
    first, second = made(segments, 4096), made(segments, 4096)
    server.used = {first.region}
    asyncio.run(segments.discard(first))
    assert first.region in server.mapped
    server.used = set()
    asyncio.run(segments.discard(second))
    assert server.mapped == set()


def test_of_a_triton_that_is_gone_nothing_is_asked(server: MappingServer) -> None:
    segments = Segments(server, True, kept=0)  # type: ignore[arg-type]
    old, used = made(segments, 4096), made(segments, 4096)
    server.used = {used.region}
    asyncio.run(segments.discard(used))
    segments.forget()
    asyncio.run(segments.discard(old))
    new = made(segments, 4096)
    asyncio.run(segments.discard(new))
    assert server.mapped == {old.region, used.region}
