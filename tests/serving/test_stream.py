"""The stream engine, with a task that nothing in the product knows: order, failures, and what is left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import numpy as np
import pytest
from grpc_status import rpc_status

from recon.client.resume import Run
from recon.errors import DeadlineExceeded, InternalError, InvalidRequest, ServiceUnavailable, TooManyRequests
from recon.jobs import Job, Loaded, Options, perform
from recon.quality.verdict import Verdict
from recon.serving.settings import Limits
from recon.v1 import common_pb2
from recon.wire.status import from_status
from tests.serving.conftest import Gateway
from tests.toy import METHOD, ToySeries, ToySession, toy_pb2


def scan(slices: int, rows: int = 8, columns: int = 6) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    wave = rng.normal(size=(slices, rows, columns)) + 1j * rng.normal(size=(slices, rows, columns))
    return wave, rng.uniform(1, 2, (slices, rows, columns))


def eventually(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)


def call(channel: grpc.Channel, messages: Iterator[Any], timeout: float = 30) -> Iterator[Any]:
    stub = channel.stream_stream(
        METHOD, request_serializer=lambda m: m if isinstance(m, bytes) else m.SerializeToString(),
        response_deserializer=toy_pb2.Response.FromString,
    )  # fmt: skip
    return stub(messages, timeout=timeout)


def failure(answers: Iterator[Any]) -> tuple[int, grpc.RpcError]:
    """How many slices came before the error that ended the stream, and the error."""
    slices = 0
    try:
        for answer in answers:
            slices += answer.WhichOneof("part") == "slice"
    except grpc.RpcError as error:
        return slices, error
    pytest.fail("the stream ended well")


def test_a_new_task_needs_nothing_but_its_own_files(channel: grpc.Channel) -> None:
    wave, gain = scan(5)
    run = Run(ToySeries(channel, wave, gain), 30, 5)
    results = list(run)
    assert [result.index for result in results] == list(range(5))
    for result in results:
        np.testing.assert_allclose(result.image, np.abs(wave[result.index]) * gain[result.index], rtol=1e-5)
        np.testing.assert_allclose(result.uncertainty, 0.1 * result.image, atol=1e-5 * result.image.max())
        assert {check.name for check in result.checks} == {"gain", "level"}
    assert run.report is not None
    assert run.report.verdict is Verdict.PASS


def test_a_slice_larger_than_a_message_comes_in_chunks(channel: grpc.Channel) -> None:
    wave, gain = scan(2, 1100, 1000)
    for result in Run(ToySeries(channel, wave, gain), 30, 5):
        np.testing.assert_allclose(result.image, np.abs(wave[result.index]) * gain[result.index], rtol=1e-5)


@pytest.mark.parametrize("bad", [b"\xff\xff\xff", None])
def test_a_message_that_can_not_be_read_ends_the_stream_at_once(
    gateway: Gateway, channel: grpc.Channel, bad: bytes | None
) -> None:
    """Bytes that are no message, and a message on which the task's own code fails."""
    message = bad or toy_pb2.Request(chunk=common_pb2.Chunk(input="explode", data=b"x"))
    hold = threading.Event()

    def messages() -> Iterator[Any]:
        yield from list(ToySeries(channel, *scan(4)).messages())[:3]
        yield message
        hold.wait(20)

    began = time.monotonic()
    _, error = failure(call(channel, messages()))
    assert time.monotonic() - began < 1.5  # less than the longest silence that is allowed
    assert error.code() in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.INTERNAL)
    hold.set()
    eventually(lambda: gateway.left() == (0, 0, 0))


def test_a_client_that_falls_silent_is_let_go(gateway: Gateway, channel: grpc.Channel) -> None:
    hold = threading.Event()

    def messages() -> Iterator[Any]:
        yield from list(ToySeries(channel, *scan(4)).messages())[:3]
        hold.wait(20)

    slices, error = failure(call(channel, messages()))
    hold.set()
    assert (slices, error.code()) == (1, grpc.StatusCode.DEADLINE_EXCEEDED)
    eventually(lambda: gateway.left() == (0, 0, 0))


def test_slices_before_a_bad_one_are_kept(channel: grpc.Channel) -> None:
    wave, gain = scan(4)
    gain[2, 0, 0] = np.nan
    slices, error = failure(call(channel, iter(ToySeries(channel, wave, gain).messages())))
    assert (slices, error.code()) == (2, grpc.StatusCode.INVALID_ARGUMENT)


def test_a_cancelled_stream_leaves_nothing_behind(gateway: Gateway, channel: grpc.Channel) -> None:
    gateway.fake.stalled.clear()
    answers = call(channel, iter(ToySeries(channel, *scan(50)).messages()))
    next(answers)
    eventually(lambda: gateway.fake.running == 2)
    answers.cancel()  # type: ignore[attr-defined]
    eventually(lambda: gateway.engine.streams == 0)
    assert gateway.triton.calls == 2, "what Triton still works on still counts"
    gateway.loop.call_soon_threadsafe(gateway.fake.stalled.set)
    eventually(lambda: gateway.left() == (0, 0, 0))


def test_cancelled_callers_do_not_crowd_triton(gateway: Gateway, channel: grpc.Channel) -> None:
    """The limit holds for what is at Triton, whoever has lost interest in it."""
    gateway.fake.stalled.clear()
    for _ in range(10):
        answers = call(channel, iter(ToySeries(channel, *scan(4)).messages()))
        next(answers)
        answers.cancel()  # type: ignore[attr-defined]
        eventually(lambda: gateway.engine.streams == 0)
    assert gateway.fake.most <= 2
    gateway.loop.call_soon_threadsafe(gateway.fake.stalled.set)
    eventually(lambda: gateway.left() == (0, 0, 0))
    assert len(list(Run(ToySeries(channel, *scan(3)), 30, 5))) == 3


def test_the_deadline_ends_the_wait_for_a_model_that_hangs(gateway: Gateway, channel: grpc.Channel) -> None:
    gateway.fake.stalled.clear()
    began = time.monotonic()
    _, error = failure(call(channel, iter(ToySeries(channel, *scan(3)).messages()), timeout=1.0))
    assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert time.monotonic() - began < 3
    eventually(lambda: gateway.engine.streams == 0)
    gateway.loop.call_soon_threadsafe(gateway.fake.stalled.set)
    eventually(lambda: gateway.left() == (0, 0, 0))


@pytest.mark.parametrize("limits", [Limits(most_streams=1, read_ahead=2, in_flight=2, idle_s=20)])
def test_a_full_service_is_asked_again_when_it_says(gateway: Gateway, channel: grpc.Channel) -> None:
    gateway.fake.stalled.clear()
    holder = call(channel, iter(ToySeries(channel, *scan(2)).messages()))
    next(holder)  # the only place is taken
    _, error = failure(call(channel, iter(ToySeries(channel, *scan(4)).messages())))
    known, retry = from_status(rpc_status.from_call(error))
    assert isinstance(known, TooManyRequests)
    assert retry is not None
    threading.Timer(1.0, lambda: gateway.loop.call_soon_threadsafe(gateway.fake.stalled.set)).start()
    threading.Thread(target=lambda: list(holder), daemon=True).start()
    second = Run(ToySeries(channel, *scan(3)), 30, 20)
    assert len(list(second)) == 3
    assert second.attempts > 1


@pytest.mark.parametrize("limits", [Limits(most_streams=1, read_ahead=2, in_flight=2, idle_s=20)])
def test_cancelling_works_while_the_client_waits(gateway: Gateway, channel: grpc.Channel) -> None:
    gateway.fake.stalled.clear()
    holder = call(channel, iter(ToySeries(channel, *scan(2)).messages()))
    next(holder)
    waiting = Run(ToySeries(channel, *scan(2)), 60, 60)
    threading.Timer(0.5, waiting.cancel).start()
    began = time.monotonic()
    with pytest.raises(DeadlineExceeded, match="cancelled"):
        next(waiting)
    assert time.monotonic() - began < 1.5
    holder.cancel()  # type: ignore[attr-defined]
    gateway.loop.call_soon_threadsafe(gateway.fake.stalled.set)


def test_cancelling_just_as_the_stream_is_opened(channel: grpc.Channel) -> None:
    class Late(ToySeries):
        def open(self, offset: int, model: Any, timeout_s: float) -> Any:
            answers = super().open(offset, model, timeout_s)
            run.cancel()  # before the run knows its call
            return answers

    run = Run(Late(channel, *scan(3)), 30, 5)
    with pytest.raises(DeadlineExceeded, match="cancelled"):
        list(run)


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ({"name": "x" * 300, "rows": 8}, "name"), ({"model": "y" * 5000, "rows": 8}, "model"), ({"rows": 0}, "rows"),
        ({"model": "a\nb", "rows": 8}, "model"),
    ],
)  # fmt: skip
def test_headers_are_bounded(channel: grpc.Channel, header: dict[str, Any], field: str) -> None:
    message = toy_pb2.Request(header=toy_pb2.Header(**{"columns": 6, "slices": 1, **header}))
    _, error = failure(call(channel, iter([message])))
    known, _ = from_status(rpc_status.from_call(error))
    assert isinstance(known, InvalidRequest)
    assert known.field == field
    assert "\n" not in known.problem


def test_a_task_that_loses_a_slice_ends_the_stream(
    gateway: Gateway, channel: grpc.Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = ToySession.add
    monkeypatch.setattr(ToySession, "add", lambda self, message: [w for w in add(self, message) if w.index != 1])
    _, error = failure(call(channel, iter(ToySeries(channel, *scan(3)).messages()), timeout=5))
    assert error.code() == grpc.StatusCode.INTERNAL
    eventually(lambda: gateway.left() == (0, 0, 0))


class Interrupted(ToySeries):
    """Streams that break after some slices, once each."""

    def __init__(self, channel: grpc.Channel, breaks: list[int], between: Callable[[], None], slices: int = 6) -> None:
        super().__init__(channel, *scan(slices))
        self.breaks, self.between = breaks, between

    def open(self, offset: int, model: Any, timeout_s: float) -> Any:
        answers = super().open(offset, model, timeout_s)
        if not self.breaks:
            return answers
        after = self.breaks.pop(0)
        return _Broken(answers, after, self.between)


class _Unavailable(grpc.RpcError):
    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNAVAILABLE

    def details(self) -> str:
        return "gone"

    def trailing_metadata(self) -> tuple[()]:
        return ()


class _Broken:
    def __init__(self, answers: Any, after: int, between: Callable[[], None]) -> None:
        self.answers, self.after, self.between = answers, after, between

    def __iter__(self) -> Iterator[Any]:
        slices = 0
        for answer in self.answers:
            if slices == self.after:
                self.answers.cancel()
                self.between()
                raise _Unavailable
            yield answer
            slices += answer.WhichOneof("part") == "slice"

    def cancel(self) -> None:
        self.answers.cancel()


def test_an_interrupted_series_goes_on_with_the_slices_that_are_missing(channel: grpc.Channel) -> None:
    run = Run(Interrupted(channel, [2, 1], lambda: None), 30, 10)
    assert [result.index for result in run] == [0, 1, 2, 3, 4, 5]
    assert run.attempts == 3


def test_a_series_is_never_made_by_two_models(gateway: Gateway, channel: grpc.Channel) -> None:
    run = Run(Interrupted(channel, [2], lambda: gateway.serve_version("2")), 30, 10)
    got = []
    with pytest.raises(Exception, match="multiply"):
        got.extend(result.index for result in run)
    assert run.finished == 2
    gateway.serve_version("1")


def test_weights_that_change_under_the_same_name_are_noticed(gateway: Gateway, channel: grpc.Channel) -> None:
    def exchange() -> None:
        gateway.catalogue._models[0].parameters["sha256.1"] = "f" * 64

    run = Run(Interrupted(channel, [2], exchange), 30, 10)
    with pytest.raises(InternalError, match="send the series again"):
        list(run)


def test_losing_the_connection_after_the_last_slice_is_no_error(channel: grpc.Channel) -> None:
    run = Run(Interrupted(channel, [6], lambda: None), 30, 10)
    assert len(list(run)) == 6
    assert run.report is not None


def test_a_service_that_goes_for_good_is_an_error_after_the_callers_patience(channel: grpc.Channel) -> None:
    run = Run(Interrupted(channel, [2] + [0] * 100, lambda: None), 30, 0.5)
    with pytest.raises(ServiceUnavailable):
        list(run)
    assert run.finished == 2


class Rewritten(ToySeries):
    """Answers that were changed on the way."""

    def __init__(self, channel: grpc.Channel, change: Callable[[Any], bool]) -> None:
        super().__init__(channel, *scan(3))
        self.change = change

    def open(self, offset: int, model: Any, timeout_s: float) -> Any:
        answers = super().open(offset, model, timeout_s)
        return _Changed(answers, self.change)


class _Changed:
    def __init__(self, answers: Any, change: Callable[[Any], bool]) -> None:
        self.answers, self.change = answers, change

    def __iter__(self) -> Iterator[Any]:
        return (answer for answer in self.answers if self.change(answer))

    def cancel(self) -> None:
        self.answers.cancel()


def test_verdicts_never_fail_open(channel: grpc.Channel) -> None:
    def reject(answer: Any) -> bool:
        if answer.WhichOneof("part") == "slice" and answer.slice.slice_index == 1:
            answer.slice.verdict = common_pb2.VERDICT_REJECT  # though every check holds
        return True

    def silent(answer: Any) -> bool:
        if answer.WhichOneof("part") == "slice":
            answer.slice.verdict = common_pb2.VERDICT_UNSPECIFIED
        return True

    run = Run(Rewritten(channel, reject), 30, 5)
    assert [result.verdict for result in run] == [Verdict.PASS, Verdict.REJECT, Verdict.PASS]
    assert run.report is not None
    assert run.report.verdict is Verdict.REJECT
    run = Run(Rewritten(channel, silent), 30, 5)
    assert {result.verdict for result in run} == {Verdict.REVIEW}


def test_checks_without_an_outcome_are_no_pass(channel: grpc.Channel) -> None:
    def forget(answer: Any) -> bool:
        for check in answer.slice.checks if answer.WhichOneof("part") == "slice" else ():
            check.outcome = common_pb2.VERDICT_UNSPECIFIED
        return True

    assert {result.verdict for result in Run(Rewritten(channel, forget), 30, 5)} == {Verdict.REVIEW}


def test_a_rejected_slice_counts_in_a_series_that_broke_off(channel: grpc.Channel, tmp_path: Path) -> None:
    def reject(answer: Any) -> bool:
        part = answer.WhichOneof("part")
        if part == "slice":
            answer.slice.verdict = common_pb2.VERDICT_REJECT
        return not (part == "slice" and answer.slice.slice_index == 2)

    class Toy(Loaded):
        slices, notes, skipped, checks = 3, [], [], []

        def start(self, client: Any, options: Options) -> Run:
            return Run(Rewritten(channel, reject), 30, 5)

        def sink(self, folder: Path, run: Run, options: Options) -> Any:
            return SimpleNamespace(put=lambda result: None, close=lambda: None)

        def preview(self, shown: Any, title: str, path: Path) -> None:
            pass

    class ToyJob(Job):
        def load(self) -> Loaded:
            return Toy()

    report = perform(None, ToyJob("toy", "toy"), tmp_path, Options())  # type: ignore[arg-type]
    assert (report["status"], report["slices"]["missing"], report["verdict"]) == ("incomplete", [2], "REJECT")


def test_slices_out_of_order_are_an_error(channel: grpc.Channel) -> None:
    def twice(answer: Any) -> bool:
        if answer.WhichOneof("part") == "slice" and answer.slice.slice_index == 1:
            answer.slice.slice_index = 0
        return True

    with pytest.raises(InternalError, match="slice 0 came where slice 1 was due"):
        list(Run(Rewritten(channel, twice), 30, 5))


def test_a_slice_that_the_service_forgets_is_an_error(channel: grpc.Channel) -> None:
    def forget(answer: Any) -> bool:
        return not (answer.WhichOneof("part") == "slice" and answer.slice.slice_index == 2)

    run = Run(Rewritten(channel, forget), 30, 5)
    with pytest.raises(InternalError, match="2 of 3 slices"):
        list(run)
