"""A run that survives interruptions: the same model, no slice twice or lost, and verdicts that never fail open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import pytest

from recon.client.resume import Run
from recon.client.streams import Opener, StreamFailed, grpc_opener
from recon.errors import InternalError, ServiceUnavailable
from recon.jobs import Job, Loaded, Options, perform
from recon.quality.verdict import Verdict
from recon.v1 import common_pb2
from tests.engine.streams import scan
from tests.gateway import Gateway
from tests.toy import METHOD, ToySeries


def interrupted(channel: grpc.Channel, breaks: list[int], between: Callable[[], None]) -> tuple[ToySeries, Opener]:
    """A series, and streams that break after some slices, once each."""
    left, whole = list(breaks), grpc_opener(channel, METHOD)

    def broken(messages: Iterator[Any], timeout_s: float) -> Any:
        answers = whole(messages, timeout_s)
        return _Broken(answers, left.pop(0), between) if left else answers

    return ToySeries(*scan(6)), broken


class _Broken:
    def __init__(self, answers: Any, after: int, between: Callable[[], None]) -> None:
        self.answers, self.after, self.between = answers, after, between

    def __iter__(self) -> Iterator[Any]:
        slices = 0
        for answer in self.answers:
            if slices == self.after:
                self.answers.cancel()
                self.between()
                raise StreamFailed(ServiceUnavailable("gone"))
            yield answer
            slices += answer.WhichOneof("part") == "slice"

    def cancel(self) -> None:
        self.answers.cancel()


def test_an_interrupted_series_goes_on_with_the_slices_that_are_missing(channel: grpc.Channel) -> None:
    run = Run(*interrupted(channel, [2, 1], lambda: None), 30, 10)
    assert [result.index for result in run] == [0, 1, 2, 3, 4, 5]
    assert run.attempts == 3


def test_a_series_is_never_made_by_two_models(gateway: Gateway, channel: grpc.Channel) -> None:
    run = Run(*interrupted(channel, [2], lambda: gateway.serve_version("2")), 30, 10)
    got = []
    with pytest.raises(Exception, match="multiply"):
        got.extend(result.index for result in run)
    assert run.finished == 2
    gateway.serve_version("1")


def test_weights_that_change_under_the_same_name_are_noticed(gateway: Gateway, channel: grpc.Channel) -> None:
    def exchange() -> None:
        gateway.catalogue._models[0].parameters["sha256.1"] = "f" * 64

    run = Run(*interrupted(channel, [2], exchange), 30, 10)
    with pytest.raises(InternalError, match="send the series again"):
        list(run)


def test_losing_the_connection_after_the_last_slice_is_no_error(channel: grpc.Channel) -> None:
    run = Run(*interrupted(channel, [6], lambda: None), 30, 10)
    assert len(list(run)) == 6
    assert run.report is not None


def test_a_service_that_goes_for_good_is_an_error_after_the_callers_patience(channel: grpc.Channel) -> None:
    run = Run(*interrupted(channel, [2] + [0] * 100, lambda: None), 30, 0.5)
    with pytest.raises(ServiceUnavailable):
        list(run)
    assert run.finished == 2


def rewritten(channel: grpc.Channel, change: Callable[[Any], bool]) -> tuple[ToySeries, Opener]:
    """A series, and answers that were changed on the way."""
    return ToySeries(*scan(3)), lambda messages, timeout_s: _Changed(
        grpc_opener(channel, METHOD)(messages, timeout_s), change
    )


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

    run = Run(*rewritten(channel, reject), 30, 5)
    assert [result.verdict for result in run] == [Verdict.PASS, Verdict.REJECT, Verdict.PASS]
    assert run.report is not None
    assert run.report.verdict is Verdict.REJECT
    run = Run(*rewritten(channel, silent), 30, 5)
    assert {result.verdict for result in run} == {Verdict.REVIEW}


def test_checks_without_an_outcome_are_no_pass(channel: grpc.Channel) -> None:
    def forget(answer: Any) -> bool:
        for check in answer.slice.checks if answer.WhichOneof("part") == "slice" else ():
            check.outcome = common_pb2.VERDICT_UNSPECIFIED
        return True

    assert {result.verdict for result in Run(*rewritten(channel, forget), 30, 5)} == {Verdict.REVIEW}


def test_a_rejected_slice_counts_in_a_series_that_broke_off(channel: grpc.Channel, tmp_path: Path) -> None:
    def reject(answer: Any) -> bool:
        part = answer.WhichOneof("part")
        if part == "slice":
            answer.slice.verdict = common_pb2.VERDICT_REJECT
        return not (part == "slice" and answer.slice.slice_index == 2)

    class Toy(Loaded):
        slices, notes, skipped, checks = 3, [], [], []

        def series(self, options: Options) -> Any:
            return None

        def sink(self, folder: Path, model: Any, options: Options) -> Any:
            return SimpleNamespace(put=lambda result: None, close=lambda: None)

        def preview(self, shown: Any, title: str, path: Path) -> None:
            pass

    class ToyJob(Job):
        def load(self) -> Loaded:
            return Toy()

    client: Any = SimpleNamespace(send=lambda *_: Run(*rewritten(channel, reject), 30, 5))
    report = perform(client, ToyJob("toy", "toy"), tmp_path, Options())
    assert (report["status"], report["slices"]["missing"], report["verdict"]) == ("incomplete", [2], "REJECT")


def test_slices_out_of_order_are_an_error(channel: grpc.Channel) -> None:
    def twice(answer: Any) -> bool:
        if answer.WhichOneof("part") == "slice" and answer.slice.slice_index == 1:
            answer.slice.slice_index = 0
        return True

    with pytest.raises(InternalError, match="slice 0 came where slice 1 was due"):
        list(Run(*rewritten(channel, twice), 30, 5))


def test_a_slice_that_the_service_forgets_is_an_error(channel: grpc.Channel) -> None:
    def forget(answer: Any) -> bool:
        return not (answer.WhichOneof("part") == "slice" and answer.slice.slice_index == 2)

    run = Run(*rewritten(channel, forget), 30, 5)
    with pytest.raises(InternalError, match="2 of 3 slices"):
        list(run)
