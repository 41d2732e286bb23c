"""What a peer sends is taken in order; what it sends while it reads nothing is kept, bounded and charged."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from recon.engine.budget import Budget
from recon.engine.intake import UNREAD_S, Intake
from recon.engine.limits import Limits
from recon.engine.patience import Patience
from recon.errors import InvalidRequest
from recon.v1 import ct_pb2


class Sender:
    """A peer that has sent so many messages of so many bytes already."""

    def __init__(self, count: int, size: int = 1000) -> None:
        self.left = [ct_pb2.DenoiseRequest(chunk={"slice_index": index, "data": bytes(size)}) for index in range(count)]

    async def receive(self) -> Any:
        await asyncio.sleep(0)
        return self.left.pop(0) if self.left else None


def with_intake(
    sender: Sender, body: Callable[[Intake, Budget, Patience], Awaitable[None]], most_bytes: int = 10_000
) -> None:
    async def run() -> None:
        budget = Budget(1_000_000)
        with budget.account() as account:
            async with Patience(Limits()) as patience:
                intake = Intake(sender, account, patience, most_bytes)  # type: ignore[arg-type]
                await body(intake, budget, patience)
                await asyncio.gather(*intake.stop(), return_exceptions=True)

    asyncio.run(run())


def test_messages_come_in_order_and_then_none() -> None:
    async def body(intake: Intake, budget: Budget, patience: Patience) -> None:
        found = [(await intake.next()).chunk.slice_index for _ in range(3)]
        assert found == [0, 1, 2]
        assert await intake.next() is None

    with_intake(Sender(3), body)


async def unread(intake: Intake, patience: Patience) -> None:
    """Let an answer wait for the peer for so long that what it sends is kept."""
    patience.sending()
    await asyncio.sleep(UNREAD_S + 0.05)
    assert intake.is_unread
    intake.keep()
    for _ in range(500):
        await asyncio.sleep(0)


def test_what_comes_while_no_answer_is_read_is_kept_and_given_later() -> None:
    sender = Sender(4)

    async def body(intake: Intake, budget: Budget, patience: Patience) -> None:
        await intake.next()
        await unread(intake, patience)
        assert sender.left == []
        patience.sent()
        assert [(await intake.next()).chunk.slice_index for _ in range(3)] == [1, 2, 3]
        assert await intake.next() is None

    with_intake(sender, body)


def test_more_than_is_kept_is_dropped_and_told_with_what_to_do() -> None:
    sender = Sender(30)

    async def body(intake: Intake, budget: Budget, patience: Patience) -> None:
        await unread(intake, patience)
        assert sender.left == []  # taken all the same, so that the peer gets as far as reading
        patience.sent()
        assert intake.failed is not None
        with pytest.raises(InvalidRequest, match="read answers while the series is sent"):
            await intake.next()

    with_intake(sender, body)


def test_a_peer_that_reads_is_not_read_ahead() -> None:
    sender = Sender(4)

    async def body(intake: Intake, budget: Budget, patience: Patience) -> None:
        await intake.next()
        intake.keep()
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(sender.left) == 3

    with_intake(sender, body)
