"""A series as an iterator of finished slices that survives interruptions of the service."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from typing import Any

from recon.client.streams import CANCELLED, Opener, Stream, StreamFailed
from recon.errors import DeadlineExceeded, InternalError, ServiceUnavailable, TooManyRequests
from recon.quality.interval import Interval, IntervalKind, within_domain
from recon.quality.strength import ChosenStrength
from recon.quality.survival import Survival
from recon.quality.verdict import Check, Verdict, by_urgency, complete, partly, unmeasured, verdict_of, worst
from recon.tasks.series import Series
from recon.v1 import common_pb2
from recon.values.result import ImageSlice, ModelIdentity, SeriesReport
from recon.wire.messages import (
    check_from_message,
    interval_from_message,
    strength_from_message,
    survival_from_message,
    verdict_from_message,
)
from recon.wire.planes import plane_to_image

_TIMINGS = tuple(common_pb2.Timings.DESCRIPTOR.fields_by_name)


class Run(Iterator[ImageSlice]):
    """Slices as they become ready; ``report`` is there when the last one is out.

    Interrupted streams are resumed with the slices that are missing, by the same model, as long as the
    deadline allows and the service makes progress.

    Parameters
    ----------
    series
        What to send.
    open_stream
        Opens a stream of the task's method.
    timeout_s
        For the whole series.
    patience_s
        How long to go on without a new slice while the service is away or full.

    Attributes
    ----------
    report, model
        What the service says; None until it has.
    finished
        How many slices are here.
    attempts
        How often the stream had to be opened.
    """

    def __init__(self, series: Series, open_stream: Opener, timeout_s: float, patience_s: float) -> None:
        self.report: SeriesReport | None = None
        self.model: ModelIdentity | None = None
        self.finished = 0
        self.attempts = 0
        self._series, self._open = series, open_stream
        self._deadline = time.monotonic() + timeout_s
        self._patience = patience_s
        self._worst = Verdict.PASS  # that a slice or the service has said
        self._checks: list[Check] = []
        self._declared: tuple[str, ...] = ()
        self._of_series: tuple[str, ...] = ()
        self._domain: frozenset[str] = frozenset()
        self._interval = Interval(IntervalKind.NONE, basis="the service has not said what it is")
        self._timings = dict.fromkeys(_TIMINGS, 0.0)
        self._results = self._run()
        self._call: Stream | None = None
        self._cancelled = threading.Event()

    def __next__(self) -> ImageSlice:
        return next(self._results)

    def cancel(self) -> None:
        """Stop, also while waiting for the service; it frees what the stream held."""
        self._cancelled.set()
        if self._call is not None:
            self._call.cancel()

    @property
    def checks(self) -> list[Check]:
        """Of each name the worst so far."""
        return list(self._checks)

    @property
    def declared_checks(self) -> tuple[str, ...]:
        """Names of the checks without which the series is no PASS; empty until the service has accepted it."""
        return self._declared

    @property
    def verdict(self) -> Verdict:
        """REVIEW at least until the series has been judged as a whole; then the worst of slices and checks."""
        unjudged = Verdict.PASS if self.report is not None else Verdict.REVIEW
        return max(self._worst, unjudged, verdict_of(self._checks))

    def _run(self) -> Iterator[ImageSlice]:
        last_progress = time.monotonic()
        while True:
            before = self.finished
            try:
                yield from self._attempt()
                return
            except StreamFailed as failure:
                error, wait = failure.error, failure.wait_s
            if self._cancelled.is_set():
                raise DeadlineExceeded(CANCELLED)
            own = self._series.failure()
            if own is not None:
                raise own
            if self.finished == self._series.slices:  # all is here; only the last word was lost
                self._summarise(None, "the service's report was lost")
                return
            if self.finished > before:
                last_progress = time.monotonic()
            if not isinstance(error, ServiceUnavailable | TooManyRequests):
                raise error
            if self.finished and not self._series.resumable:
                raise error
            wait *= random.uniform(0.8, 1.5)
            if time.monotonic() + wait > min(self._deadline, last_progress + self._patience):
                raise error
            if self._cancelled.wait(wait):
                raise DeadlineExceeded(CANCELLED)

    def _attempt(self) -> Iterator[ImageSlice]:
        self.attempts += 1
        offset, remaining = self.finished, self._deadline - time.monotonic()
        if remaining <= 0:
            raise DeadlineExceeded(f"out of time after {offset} of {self._series.slices} slices")
        call = self._call = self._open(self._series.messages(offset, self.model), remaining)
        rows = columns = 0
        report: common_pb2.SeriesReport | None = None
        pieces: dict[int, bytearray] = {}
        try:
            if self._cancelled.is_set():  # looked at last, so that a cancel() meets this or the call
                raise DeadlineExceeded(CANCELLED)
            for response in call:
                part = response.WhichOneof("part")
                if part == "slice":
                    result = _slice(response.slice, pieces, (rows, columns), offset)
                    pieces = {}
                    if result.index != self.finished:  # resuming counts on it
                        raise InternalError(f"slice {result.index} came where slice {self.finished} was due")
                    self.finished += 1
                    self._worst = max(self._worst, result.verdict)
                    self._checks = worst([*self._checks, *result.checks])
                    yield result
                elif part == "chunk":
                    pieces.setdefault(response.chunk.plane, bytearray()).extend(response.chunk.data)
                elif part == "accepted":
                    rows, columns = response.accepted.rows, response.accepted.columns
                    self._accept(response.accepted)
                elif part == "report":
                    report = response.report
            if self.finished < self._series.slices:
                raise InternalError(f"the service ended after {self.finished} of {self._series.slices} slices")
            self._summarise(report, "the service sent no report", offset)
        finally:
            call.cancel()

    def _accept(self, accepted: common_pb2.Accepted) -> None:
        made, covers, known = accepted.provenance, accepted.interval, self.model
        model = ModelIdentity(
            made.model,
            made.model_version,
            made.model_sha256,
            made.software_version,
            interval_from_message(covers),
            accepted.model_reason or (known.reason if known else ""),
            made.model_tuning,
            _strength(accepted) or (known.strength if known else None),
        )
        if known is not None and self.finished and known.sha256 != model.sha256:
            raise InternalError(
                f"the service came back with {model} where {known} had made {self.finished} slices; "
                "send the series again"
            )
        self.model, self._interval = model, model.interval
        self._declared, self._of_series = tuple(accepted.declared_checks), tuple(accepted.series_checks)
        self._domain = frozenset(accepted.domain_checks)

    def _summarise(self, report: common_pb2.SeriesReport | None, why: str, offset: int = 0) -> None:
        """Judge the series as a whole; what nobody has measured is no PASS."""
        checks = list(self._checks)
        probes: list[Survival] = []
        if report is None:
            checks.append(unmeasured("series_report", why=why, action="run it again"))
        else:
            found = [check_from_message(check) for check in report.checks]
            if offset:  # the last stream has seen the end of the series alone
                part = f"slices {offset + 1} to {self._series.slices}"
                found = [partly(check, part) if check.name in self._of_series else check for check in found]
            checks += found
            self._worst = max(self._worst, verdict_from_message(report.verdict))
            self._interval = interval_from_message(report.interval)
            probes = [survival_from_message(probe) for probe in report.probes]
            for name in _TIMINGS:
                self._timings[name] += getattr(report.timings, name)
        self._checks = by_urgency(complete(worst(checks), self._declared, why))
        # the report may know the end of the series alone
        self._interval = within_domain(self._interval, self._checks, self._domain)
        if verdict_of(self._checks) is not Verdict.PASS and report is None:
            self._interval = Interval(IntervalKind.NONE, basis=why)
        verdict = max(self._worst, verdict_of(self._checks))
        self.report = SeriesReport(verdict, self._checks, self._interval, dict(self._timings), self.attempts, probes)


def _strength(accepted: common_pb2.Accepted) -> ChosenStrength | None:
    return strength_from_message(accepted.strength) if accepted.HasField("strength") else None


def _slice(message: Any, pieces: dict[int, bytearray], shape: tuple[int, int], offset: int) -> ImageSlice:
    checks = [check_from_message(check) for check in message.checks]
    planes = {
        plane.plane: plane_to_image(plane, plane.data or pieces.get(plane.plane, b""), shape)
        for plane in message.planes
    }
    if common_pb2.PLANE_IMAGE not in planes or common_pb2.PLANE_UNCERTAINTY not in planes:
        raise InternalError(f"slice {message.slice_index} came without its image or its uncertainty")
    image, uncertainty = planes.pop(common_pb2.PLANE_IMAGE), planes.pop(common_pb2.PLANE_UNCERTAINTY)
    extra = {common_pb2.Plane.Name(key).removeprefix("PLANE_"): values for key, values in planes.items()}
    # the service's word counts, and a check that failed counts even where it says nothing of it
    verdict = max(verdict_from_message(message.verdict), verdict_of(checks))
    return ImageSlice(offset + message.slice_index, image, uncertainty, verdict, checks, extra)
