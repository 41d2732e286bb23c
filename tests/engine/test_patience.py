"""A stream ends for what it waited for: nothing sent, nothing read, the caller's deadline, its longest time."""

from __future__ import annotations

import asyncio
import time

import pytest

from recon.engine.limits import Limits
from recon.engine.patience import Patience
from recon.errors import DeadlineExceeded

LIMITS = Limits(idle_s=0.05, longest_s=60.0)


def waits(note: str = "", limits: Limits = LIMITS, deadline: float | None = None) -> None:
    """A block in which nothing more happens than this note."""

    async def block() -> None:
        async with Patience(limits, deadline) as patience:
            if note:
                getattr(patience, note)()
            await asyncio.sleep(30)

    asyncio.run(block())


@pytest.mark.parametrize(("note", "words"), [("receiving", "nothing came"), ("sending", "the client read nothing")])
def test_who_keeps_it_waiting_is_named(note: str, words: str) -> None:
    with pytest.raises(DeadlineExceeded, match=words):
        waits(note)


def test_the_callers_deadline_comes_before_the_longest_time() -> None:
    with pytest.raises(DeadlineExceeded, match="deadline passed"):
        waits("", Limits(idle_s=30.0, longest_s=60.0), time.monotonic() + 0.05)
    with pytest.raises(DeadlineExceeded, match="may last 0 s; send the series in parts"):
        waits("", Limits(idle_s=30.0, longest_s=0.05), time.monotonic() + 60)


def test_work_of_the_engines_own_is_no_silence() -> None:
    async def block() -> None:
        async with Patience(LIMITS) as patience:
            patience.receiving()
            patience.received(brings=True)
            await asyncio.sleep(0.15)
            assert patience.unread_s == 0

    asyncio.run(block())


def test_empty_messages_keep_no_place() -> None:
    async def block() -> None:
        async with Patience(LIMITS) as patience:
            while True:
                patience.receiving()
                await asyncio.sleep(0.01)
                patience.received(brings=False)

    with pytest.raises(DeadlineExceeded, match="nothing came"):
        asyncio.run(block())


def test_other_errors_pass() -> None:
    async def block() -> None:
        async with Patience(LIMITS):
            raise KeyError("x")

    with pytest.raises(KeyError):
        asyncio.run(block())
