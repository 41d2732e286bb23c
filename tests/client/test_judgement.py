"""A series without its last word, or judged in parts, is never read as PASS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from recon.client.resume import Run
from recon.client.streams import StreamFailed
from recon.errors import ServiceUnavailable
from recon.quality.interval import IntervalKind, calibrated
from recon.quality.verdict import Check, Verdict, measure, verdict_of
from recon.tasks.series import Series
from recon.v1 import common_pb2, ct_pb2
from recon.wire.messages import check_to_message, interval_to_message
from recon.wire.planes import image_plane, width_plane

GOOD = measure("noise_level", 10.0, unit="HU", message="noise", action="look", upper=75.0)
BEYOND = measure("noise_level", 90.0, unit="HU", message="noise", action="look", upper=75.0)
WHOLE = measure("hu_plausible", -1000.0, unit="HU", message="lowest", action="look", upper=-50.0)


class _Slices(Series):
    slices = 3

    def messages(self, offset: int = 0, model: Any = None) -> Iterator[Any]:
        yield offset


class _Call:
    """What a service answers, until it is cut off."""

    def __init__(self, answers: Iterator[Any]) -> None:
        self._answers = answers

    def __iter__(self) -> Iterator[Any]:
        return self._answers

    def cancel(self) -> None:
        return


def _answers(
    count: int,
    *,
    report: bool,
    declared: tuple[str, ...],
    cut: bool,
    checks: list[Check],
    domain: tuple[str, ...] = (),
    of_slice: Check = GOOD,
) -> Iterator[Any]:
    yield ct_pb2.DenoiseResponse(
        accepted=common_pb2.Accepted(
            rows=4,
            columns=4,
            slices=count,
            declared_checks=declared,
            series_checks=["hu_plausible"],
            domain_checks=domain,
            provenance=common_pb2.Provenance(model="m", model_version="1", model_sha256="a"),
            interval=interval_to_message(calibrated(1.0)),
        )
    )
    for index in range(count):
        response = ct_pb2.DenoiseResponse()
        response.slice.slice_index = index
        response.slice.verdict = common_pb2.VERDICT_PASS
        response.slice.checks.append(check_to_message(of_slice))
        ones = np.ones((4, 4), np.float32)
        for plane in (image_plane(0 * ones), width_plane(ones, common_pb2.PLANE_UNCERTAINTY)):
            response.slice.planes.add(
                plane=plane.kind, sample_type=plane.sample_type, scale=plane.scale, data=plane.values.tobytes()
            )
        yield response
    if cut:
        raise StreamFailed(ServiceUnavailable("away"))
    if report:
        yield ct_pb2.DenoiseResponse(
            report=common_pb2.SeriesReport(
                verdict=common_pb2.VERDICT_PASS,
                checks=[check_to_message(check) for check in checks],
                interval=interval_to_message(calibrated(1.0)),
            )
        )


def _run(*streams: Callable[[int], Iterator[Any]]) -> Run:
    left = iter(streams)
    run = Run(_Slices(), lambda messages, _: _Call(next(left)(next(iter(messages)))), 60.0, 30.0)
    assert run.verdict is Verdict.REVIEW  # nothing has been judged
    for result in run:
        assert result.verdict is verdict_of(result.checks)
    return run


DECLARED = ("noise_level", "hu_plausible")


def test_all_that_was_declared_was_measured() -> None:
    run = _run(lambda _: _answers(3, report=True, declared=DECLARED, cut=False, checks=[GOOD, WHOLE]))
    assert run.verdict is Verdict.PASS
    assert run.report is not None
    assert run.report.interval == calibrated(1.0)


@pytest.mark.parametrize("cut", [True, False])
def test_a_report_that_is_lost_leaves_the_series_unjudged(cut: bool) -> None:
    """Cut off after the last slice, or ended in order without a report."""
    run = _run(lambda _: _answers(3, report=False, declared=DECLARED, cut=cut, checks=[]))
    assert run.report is not None
    assert run.report.verdict is Verdict.REVIEW
    found = {check.name: check for check in run.checks}
    assert found["series_report"].outcome is Verdict.REVIEW
    assert "not measured" in found["hu_plausible"].message
    assert found["noise_level"].outcome is Verdict.PASS


def test_a_report_without_a_declared_check_is_no_pass() -> None:
    run = _run(lambda _: _answers(3, report=True, declared=DECLARED, cut=False, checks=[GOOD]))
    assert run.verdict is Verdict.REVIEW
    assert [check.name for check in run.checks if check.outcome is not Verdict.PASS] == ["hu_plausible"]


def test_a_service_that_declares_nothing_and_says_nothing_is_no_pass() -> None:
    run = _run(lambda _: _answers(3, report=False, declared=(), cut=False, checks=[]))
    assert run.verdict is Verdict.REVIEW


def test_a_resumed_series_is_not_judged_by_its_tail() -> None:
    run = _run(
        lambda _: _answers(2, report=False, declared=DECLARED, cut=True, checks=[]),
        lambda offset: _answers(3 - offset, report=True, declared=DECLARED, cut=False, checks=[GOOD, WHOLE]),
    )
    assert run.attempts == 2
    assert run.verdict is Verdict.REVIEW
    found = {check.name: check for check in run.checks}
    assert "measured on slices 3 to 3 only" in found["hu_plausible"].message
    assert found["noise_level"].outcome is Verdict.PASS  # slices were judged one by one, before and after
    assert run.report is not None
    assert run.report.interval == calibrated(1.0)


def test_a_resumed_series_has_no_interval_where_an_early_slice_was_outside() -> None:
    """The second stream, whose report says that the interval is calibrated, never saw that slice."""
    domain = ("noise_level", "hu_range")
    run = _run(
        lambda _: _answers(1, report=False, declared=DECLARED, cut=True, checks=[], domain=domain, of_slice=BEYOND),
        lambda offset: _answers(
            3 - offset, report=True, declared=DECLARED, cut=False, checks=[GOOD, WHOLE], domain=domain
        ),
    )
    assert run.report is not None
    assert run.report.interval.kind is IntervalKind.NONE
    assert run.report.interval.coverage is None
    assert "noise_level" in run.report.interval.basis


def test_a_resumed_series_has_no_interval_where_its_domain_was_measured_in_part() -> None:
    run = _run(
        lambda _: _answers(2, report=False, declared=DECLARED, cut=True, checks=[], domain=DECLARED),
        lambda offset: _answers(
            3 - offset, report=True, declared=DECLARED, cut=False, checks=[GOOD, WHOLE], domain=DECLARED
        ),
    )
    assert run.report is not None
    assert run.report.interval.kind is IntervalKind.NONE
    assert "not known to be inside: hu_plausible" in run.report.interval.basis


def test_an_interval_of_no_known_kind_is_none() -> None:
    def unknown(_: int) -> Iterator[Any]:
        for answer in _answers(3, report=True, declared=DECLARED, cut=False, checks=[GOOD, WHOLE]):
            if answer.WhichOneof("part") == "report":
                answer.report.interval.kind = common_pb2.INTERVAL_KIND_UNSPECIFIED
            yield answer

    run = _run(unknown)
    assert run.report is not None
    assert run.report.interval.kind is IntervalKind.NONE
