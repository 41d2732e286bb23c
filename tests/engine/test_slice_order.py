"""Slices of a stream: in order, and none left behind when one of them, the task or the caller fails."""

from __future__ import annotations

import grpc
import numpy as np
import pytest

from tests.engine.streams import call, eventually, failure, run_of, scan
from tests.gateway import Gateway
from tests.toy import ToySeries, ToySession


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
