"""Slices of a stream: in order, and none left behind when one of them, the task or the caller fails."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from recon.engine import intake
from recon.engine.catalogue import Catalogue
from recon.engine.limits import Limits
from recon.engine.models import ServedModel
from recon.engine.stream import StreamEngine
from tests.engine.streams import call, eventually, failure, run_of, scan
from tests.gateway import Gateway, client_with_fake
from tests.toy import ToySeries, ToySession, ToyTask, ToyWork, toy_pb2


def test_slices_before_a_bad_one_are_kept(channel: grpc.Channel) -> None:
    wave, gain = scan(4)
    gain[2, 0, 0] = np.nan
    slices, error = failure(call(channel, iter(ToySeries(wave, gain).messages())))
    assert (slices, error.code()) == (2, grpc.StatusCode.INVALID_ARGUMENT)


def test_a_cancelled_stream_leaves_nothing_behind(gateway: Gateway, channel: grpc.Channel) -> None:
    gateway.fake.stalled.clear()
    answers = call(channel, iter(ToySeries(*scan(50)).messages()))
    next(answers)
    eventually(lambda: gateway.fake.running == 2)
    answers.cancel()  # type: ignore[attr-defined]
    eventually(lambda: gateway.left() == (0, 0, 0))
    assert gateway.fake.running == 0, "Triton was told"


def test_cancelled_callers_do_not_crowd_triton(gateway: Gateway, channel: grpc.Channel) -> None:
    """The limit holds for what is at Triton, whoever has lost interest in it."""
    gateway.fake.stalled.clear()
    for _ in range(10):
        answers = call(channel, iter(ToySeries(*scan(4)).messages()))
        next(answers)
        answers.cancel()  # type: ignore[attr-defined]
        eventually(lambda: gateway.engine.streams == 0)
    assert gateway.fake.most <= 2
    gateway.loop.call_soon_threadsafe(gateway.fake.stalled.set)
    eventually(lambda: gateway.left() == (0, 0, 0))
    assert len(list(run_of(channel, ToySeries(*scan(3)), 30, 5))) == 3


def test_a_task_that_loses_a_slice_ends_the_stream(
    gateway: Gateway, channel: grpc.Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = ToySession.add
    monkeypatch.setattr(ToySession, "add", lambda self, message: [w for w in add(self, message) if w.index != 1])
    _, error = failure(call(channel, iter(ToySeries(*scan(3)).messages()), timeout=5))
    assert error.code() == grpc.StatusCode.INTERNAL
    eventually(lambda: gateway.left() == (0, 0, 0))


class Unread:
    """A peer that sends its messages, stays there, and reads nothing."""

    name, deadline = "somebody", None

    def __init__(self, series: ToySeries) -> None:
        self.left, self.never = list(series.messages()), asyncio.Event()

    async def receive(self) -> Any:
        if not self.left:
            await self.never.wait()
        message = self.left.pop(0)
        return toy_pb2.Request.FromString(message) if isinstance(message, bytes) else message

    async def send(self, message: Any) -> None:
        await self.never.wait()


@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.parametrize("steps", range(1, 8))
def test_a_second_cancel_during_the_cleanup_leaves_nothing_behind_either(
    steps: int, quick: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a deadline a stream is cancelled by its own timer and by gRPC, a few steps of the loop apart."""
    monkeypatch.setattr(ToyWork, "quick", quick)
    monkeypatch.setattr(intake, "UNREAD_S", 0.05)

    async def main() -> None:
        client, fake = client_with_fake(tmp_path, 2)
        fake.stalled.clear()
        catalogue = Catalogue(client)
        catalogue.ready, catalogue._models = True, [ServedModel("m", "1", "m", "", {"task": "toy", "default": "yes"})]
        engine = StreamEngine(client, catalogue, Limits(read_ahead=2, in_flight=2))
        sender: Any = Unread(ToySeries(*scan(8)))
        stream = asyncio.create_task(engine.run(ToyTask(), toy_pb2.Response, sender))
        for _ in range(500):
            if fake.running == 2 and not sender.left:  # the rest is kept
                break
            await asyncio.sleep(0.01)
        stream.cancel()
        for _ in range(steps):
            await asyncio.sleep(0)
        stream.cancel()
        await asyncio.gather(stream, return_exceptions=True)
        fake.stalled.set()
        for _ in range(200):
            if not client.calls:
                break
            await asyncio.sleep(0.01)
        assert (client.calls, engine.streams, engine.budget.held) == (0, 0, 0)
        await engine.close()

    asyncio.run(main())
