"""A model that does not load again is tried after pauses, and holds up no other."""

from __future__ import annotations

import asyncio

import pytest

from recon.errors import InternalError
from recon.serving import replacing
from recon.serving.replacing import Replacing


class Triton:
    """Some of its models do not load."""

    def __init__(self, *broken: str) -> None:
        self.broken, self.told = set(broken), list[str]()

    async def replace(self, name: str) -> None:
        self.told.append(name)
        if name in self.broken:
            raise InternalError("it does not load")


def test_one_that_fails_is_left_alone_for_a_while_and_the_others_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replacing, "_FIRST_PAUSE_S", 0.2)
    triton = Triton("a")

    async def main() -> None:
        made = Replacing(triton)  # type: ignore[arg-type]
        await made.replace(["a", "b"])
        await made.replace(["a"])
        assert triton.told == ["a", "b"]
        await asyncio.sleep(0.25)
        await made.replace(["a"])
        await asyncio.sleep(0.25)  # the pause has grown
        await made.replace(["a"])
        assert triton.told == ["a", "b", "a"]
        triton.broken.clear()
        await asyncio.sleep(0.2)
        await made.replace(["a"])
        await made.replace(["a"])  # lost once more
        assert triton.told == ["a", "b", "a", "a", "a"]

    asyncio.run(main())


def test_of_a_triton_that_was_started_anew_nothing_is_remembered() -> None:
    triton = Triton("a")

    async def main() -> None:
        made = Replacing(triton)  # type: ignore[arg-type]
        await made.replace(["a"])
        made.forget()
        await made.replace(["a"])
        assert triton.told == ["a", "a"]

    asyncio.run(main())
