"""The stream engine, with a task that nothing in the product knows: order, failures, and what is left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import grpc
import numpy as np
import pytest
from grpc_status import rpc_status

from recon.client.resume import Run
from recon.client.streams import grpc_opener
from recon.engine.limits import Limits
from recon.errors import DeadlineExceeded, InvalidRequest, TooManyRequests
from recon.quality.verdict import Verdict
from recon.v1 import common_pb2
from recon.wire.status import from_status
from tests.engine.streams import call, eventually, failure, run_of, scan
from tests.gateway import Gateway
from tests.toy import METHOD, ToySeries, ToyTask, toy_pb2


def test_a_new_task_needs_nothing_but_its_own_files(channel: grpc.Channel) -> None:
    wave, gain = scan(5)
    run = run_of(channel, ToySeries(wave, gain), 30, 5)
    results = list(run)
    assert [result.index for result in results] == list(range(5))
    for result in results:
        np.testing.assert_allclose(result.image, np.abs(wave[result.index]) * gain[result.index], rtol=1e-5)
        np.testing.assert_allclose(result.uncertainty, 0.1 * result.image, atol=1e-5 * result.image.max())
        assert {check.name for check in result.checks} == {"gain", "level"}
    assert run.report is not None
    assert run.report.verdict is Verdict.PASS


def test_who_goes_on_in_another_stream_is_told_which_checks_tell_the_domain(channel: grpc.Channel) -> None:
    accepted = next(call(channel, iter(ToySeries(*scan(1)).messages()))).accepted
    assert list(accepted.domain_checks) == ["gain", "level"]


def test_a_slice_larger_than_a_message_comes_in_chunks(channel: grpc.Channel) -> None:
    wave, gain = scan(2, 1100, 1000)
    for result in run_of(channel, ToySeries(wave, gain), 30, 5):
        np.testing.assert_allclose(result.image, np.abs(wave[result.index]) * gain[result.index], rtol=1e-5)


@pytest.mark.parametrize("limits", [Limits(idle_s=20)])
@pytest.mark.parametrize("bad", [b"\xff\xff\xff", None])
def test_a_message_that_can_not_be_read_ends_the_stream_at_once(
    gateway: Gateway, channel: grpc.Channel, bad: bytes | None
) -> None:
    """Bytes that are no message, and a message on which the task's own code fails."""
    message = bad or toy_pb2.Request(chunk=common_pb2.Chunk(input="explode", data=b"x"))
    hold = threading.Event()

    def messages() -> Iterator[Any]:
        yield from list(ToySeries(*scan(4)).messages())[:3]
        yield message
        hold.wait(20)

    _, error = failure(call(channel, messages()))  # a silence would end it with DEADLINE_EXCEEDED
    assert error.code() in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.INTERNAL)
    hold.set()
    eventually(lambda: gateway.left() == (0, 0, 0))


@pytest.mark.parametrize("limits", [Limits(idle_s=2.0)])
def test_a_client_that_falls_silent_is_let_go(gateway: Gateway, channel: grpc.Channel) -> None:
    hold = threading.Event()

    def messages() -> Iterator[Any]:
        yield from list(ToySeries(*scan(4)).messages())[:3]
        hold.wait(20)

    slices, error = failure(call(channel, messages()))
    hold.set()
    assert (slices, error.code()) == (1, grpc.StatusCode.DEADLINE_EXCEEDED)
    eventually(lambda: gateway.left() == (0, 0, 0))


@pytest.mark.parametrize("limits", [Limits(idle_s=2.0)])
def test_messages_that_bring_nothing_keep_no_place(gateway: Gateway, channel: grpc.Channel) -> None:
    over = threading.Event()

    def messages() -> Iterator[Any]:
        yield from list(ToySeries(*scan(4)).messages())[:3]
        while not over.wait(0.2):
            yield toy_pb2.Request(chunk=common_pb2.Chunk(slice_index=1, input="wave"))

    _, error = failure(call(channel, messages(), timeout=200))
    over.set()
    assert error.code() in (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.INVALID_ARGUMENT)
    assert error.details() != "Deadline Exceeded"  # the service's own words, not the caller's deadline
    eventually(lambda: gateway.left() == (0, 0, 0))


@pytest.mark.parametrize("limits", [Limits(most_bytes=4096)])
def test_a_series_that_needs_more_than_there_is_is_refused_by_its_header(channel: grpc.Channel) -> None:
    slices, error = failure(call(channel, iter(ToySeries(*scan(4)).messages())))
    assert (slices, error.code()) == (0, grpc.StatusCode.INVALID_ARGUMENT)
    assert "RECON_LIMITS__MOST_BYTES" in error.details()


@pytest.mark.parametrize("limits", [Limits(most_operations=1e6)])
def test_a_series_that_would_never_be_finished_is_refused_by_its_header(channel: grpc.Channel) -> None:
    slices, error = failure(call(channel, iter(ToySeries(*scan(4)).messages())))
    assert (slices, error.code()) == (0, grpc.StatusCode.INVALID_ARGUMENT)
    assert "about 4.8e+06 operations at a time, the service does at most 1e+06" in error.details()


@pytest.mark.parametrize("limits", [Limits(most_streams_of_peer=1, idle_s=20)])
def test_one_caller_does_not_take_every_place(gateway: Gateway, channel: grpc.Channel) -> None:
    gateway.fake.stalled.clear()
    first = call(channel, iter(ToySeries(*scan(4)).messages()))
    next(first)  # accepted
    _, error = failure(call(channel, iter(ToySeries(*scan(4)).messages())))
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "of this caller" in error.details()
    gateway.loop.call_soon_threadsafe(gateway.fake.stalled.set)
    assert sum(answer.WhichOneof("part") == "slice" for answer in first) == 4
    eventually(lambda: gateway.engine.budget.held == 0)


class Forgotten:
    """A peer whose name is known only at first, as that of a call that is cancelled."""

    name, deadline = "ipv4:10.0.0.7", None

    async def receive(self) -> Any:
        self.name = ""
        return None

    async def send(self, message: Any) -> None: ...


def test_a_caller_that_went_away_has_its_places_back(gateway: Gateway) -> None:
    async def ask() -> None:
        await gateway.engine.run(ToyTask(), toy_pb2.Response, Forgotten())

    with pytest.raises(InvalidRequest, match="header"):
        gateway.run(ask())
    assert not gateway.engine.of_peer


@pytest.mark.parametrize("limits", [Limits(longest_s=1.0, idle_s=20)])
def test_a_stream_ends(gateway: Gateway, channel: grpc.Channel) -> None:
    hold = threading.Event()

    def messages() -> Iterator[Any]:
        yield from list(ToySeries(*scan(4)).messages())[:3]
        hold.wait(20)

    _, error = failure(call(channel, messages()))
    hold.set()
    assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert "may last 1 s" in error.details()
    eventually(lambda: gateway.left() == (0, 0, 0))


def test_the_deadline_ends_the_wait_for_a_model_that_hangs(gateway: Gateway, channel: grpc.Channel) -> None:
    gateway.fake.stalled.clear()
    _, error = failure(call(channel, iter(ToySeries(*scan(3)).messages()), timeout=1.0))
    assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    eventually(lambda: gateway.engine.streams == 0)
    gateway.loop.call_soon_threadsafe(gateway.fake.stalled.set)
    eventually(lambda: gateway.left() == (0, 0, 0))


@pytest.mark.parametrize("limits", [Limits(most_streams=1, read_ahead=2, in_flight=2, idle_s=20)])
def test_a_full_service_is_asked_again_when_it_says(gateway: Gateway, channel: grpc.Channel) -> None:
    gateway.fake.stalled.clear()
    holder = call(channel, iter(ToySeries(*scan(2)).messages()))
    next(holder)  # the only place is taken
    _, error = failure(call(channel, iter(ToySeries(*scan(4)).messages())))
    known, retry = from_status(rpc_status.from_call(error))
    assert isinstance(known, TooManyRequests)
    assert retry is not None
    threading.Thread(target=lambda: list(holder), daemon=True).start()
    second = run_of(channel, ToySeries(*scan(3)), 120, 60)

    def release() -> None:
        eventually(lambda: second.attempts >= 2)  # it was refused once at least
        gateway.loop.call_soon_threadsafe(gateway.fake.stalled.set)

    threading.Thread(target=release, daemon=True).start()
    assert len(list(second)) == 3


@pytest.mark.parametrize("limits", [Limits(most_streams=1, read_ahead=2, in_flight=2, idle_s=20)])
def test_cancelling_works_while_the_client_waits(gateway: Gateway, channel: grpc.Channel) -> None:
    gateway.fake.stalled.clear()
    holder = call(channel, iter(ToySeries(*scan(2)).messages()))
    next(holder)
    waiting = run_of(channel, ToySeries(*scan(2)), 60, 60)

    def cancel() -> None:
        eventually(lambda: waiting.attempts >= 2)  # it was refused, and waits between its attempts
        time.sleep(0.2)
        waiting.cancel()

    threading.Thread(target=cancel, daemon=True).start()
    began = time.monotonic()
    with pytest.raises(DeadlineExceeded, match="cancelled"):
        next(waiting)
    assert time.monotonic() - began < 40  # not when its patience of a minute is over
    holder.cancel()  # type: ignore[attr-defined]
    gateway.loop.call_soon_threadsafe(gateway.fake.stalled.set)


def test_cancelling_just_as_the_stream_is_opened(channel: grpc.Channel) -> None:
    def late(messages: Iterator[Any], timeout_s: float) -> Any:
        answers = grpc_opener(channel, METHOD)(messages, timeout_s)
        run.cancel()  # before the run knows its call
        return answers

    run = Run(ToySeries(*scan(3)), late, 30, 5)
    with pytest.raises(DeadlineExceeded, match="cancelled"):
        list(run)


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ({"name": "x" * 300, "rows": 8}, "name"),
        ({"model": "y" * 5000, "rows": 8}, "model"),
        ({"rows": 0}, "rows"),
        ({"model": "a\nb", "rows": 8}, "model"),
    ],
)
def test_headers_are_bounded(channel: grpc.Channel, header: dict[str, Any], field: str) -> None:
    message = toy_pb2.Request(header=toy_pb2.Header(**{"columns": 6, "slices": 1, **header}))
    _, error = failure(call(channel, iter([message])))
    known, _ = from_status(rpc_status.from_call(error))
    assert isinstance(known, InvalidRequest)
    assert known.field == field
    assert "\n" not in known.problem
