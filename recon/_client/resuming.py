"""A series as an iterator of finished slices that survives interruptions of the service."""

from __future__ import annotations

import random
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import grpc
import numpy as np
from grpc_status import rpc_status

from recon.errors import DeadlineExceeded, InternalError, ReconError, ServiceUnavailable
from recon.quality.verdict import Check, Verdict, verdict_of, worst
from recon.v1 import common_pb2
from recon.volumes import FloatImage
from recon.wire.messages import SAMPLE_DTYPES, check_from_message
from recon.wire.status import from_status

_TIMINGS = ("receive_ms", "prepare_ms", "network_ms", "finish_ms", "total_ms")


@dataclass(frozen=True)
class ImageSlice:
    """One finished slice.

    Attributes
    ----------
    index
        Position in the series, from 0.
    image
        (y, x) float32, in the unit of the task.
    uncertainty
        (y, x) float32, same unit: half the width of the 90 % interval.
    verdict, checks
        Whether the slice may be used, and why.
    """

    index: int
    image: FloatImage
    uncertainty: FloatImage
    verdict: Verdict
    checks: list[Check]


@dataclass(frozen=True)
class ModelIdentity:
    """Which model made the images, and what its interval means."""

    name: str
    version: str
    sha256: str
    software_version: str
    coverage: float
    conformal_factor: float

    def __str__(self) -> str:
        return f"{self.name}:{self.version} sha256:{self.sha256[:16]}"


@dataclass(frozen=True)
class SeriesReport:
    """What the service says about a whole series.

    Attributes
    ----------
    verdict, checks
        Of each check the worst slice.
    timings_ms
        Where the service's time went, summed over slices.
    attempts
        How many streams it took.
    """

    verdict: Verdict
    checks: list[Check]
    timings_ms: dict[str, float]
    attempts: int


Result = TypeVar("Result", bound=ImageSlice)


class ResumingStream(Iterator[Result], ABC, Generic[Result]):
    """Slices as they become ready; ``report`` is there when the last one is out.

    Interrupted streams are resumed with the slices that are missing, as long as the deadline allows
    and the service makes progress.

    Parameters
    ----------
    shape
        (slices, rows, columns) of the images.
    timeout_s
        For the whole series.
    patience_s
        How long to go on without a new slice while the service is unavailable.
    """

    def __init__(self, shape: tuple[int, int, int], timeout_s: float, patience_s: float) -> None:
        self.report: SeriesReport | None = None
        self.model: ModelIdentity | None = None
        self.finished = 0
        self.attempts = 0
        self._shape = shape
        self._deadline = time.monotonic() + timeout_s
        self._patience = patience_s
        self._parts: list[Any] = []
        self._checks: list[Check] = []
        self._results = self._run()
        self._call: grpc.Call | None = None

    @abstractmethod
    def _open(self, offset: int, timeout_s: float) -> Any:
        """A call for the slices from ``offset`` on."""

    @abstractmethod
    def _result(self, index: int, image: FloatImage, uncertainty: FloatImage, checks: list[Check]) -> Result:
        """The task's slice."""

    def __next__(self) -> Result:
        return next(self._results)

    def cancel(self) -> None:
        """Stop; the service frees what the stream held."""
        if self._call is not None:
            self._call.cancel()

    def _run(self) -> Iterator[Result]:
        last_progress = time.monotonic()
        while True:
            before = self.finished
            try:
                yield from self._attempt()
                return
            except grpc.RpcError as failure:
                error, wait = error_from(failure)
                if self.finished > before:
                    last_progress = time.monotonic()
                if not isinstance(error, ServiceUnavailable):
                    raise error from None
                wait *= random.uniform(0.8, 1.5)
                give_up = min(self._deadline, last_progress + self._patience)
                if time.monotonic() + wait > give_up:
                    raise error from None
                time.sleep(wait)

    def _attempt(self) -> Iterator[Result]:
        self.attempts += 1
        offset, (slices, rows, columns) = self.finished, self._shape
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise DeadlineExceeded(f"out of time after {offset} of {slices} slices")
        call = self._open(offset, remaining)
        self._call = call
        try:
            image = bytearray()
            uncertainty = bytearray()
            types = (np.dtype("<f4"), np.dtype("<f4"))
            for response in call:
                part = response.WhichOneof("part")
                if part == "chunk":
                    chunk = response.chunk
                    (image if chunk.plane == common_pb2.PLANE_IMAGE else uncertainty).extend(chunk.data)
                elif part == "slice":
                    checks = [check_from_message(check) for check in response.slice.checks]
                    shape = (rows, columns)
                    pixels = np.frombuffer(image, types[0]).reshape(shape).astype(np.float32, copy=False)
                    width = np.frombuffer(uncertainty, types[1]).reshape(shape).astype(np.float32, copy=False)
                    result = self._result(offset + response.slice.slice_index, pixels, width, checks)
                    image, uncertainty = bytearray(), bytearray()
                    self.finished = result.index + 1
                    self._checks = worst([*self._checks, *checks])
                    yield result
                elif part == "accepted":
                    made, covers = response.accepted.provenance, response.accepted.interval
                    types = (
                        SAMPLE_DTYPES[response.accepted.image_type],
                        SAMPLE_DTYPES[response.accepted.uncertainty_type],
                    )
                    self.model = ModelIdentity(
                        made.model, made.model_version, made.model_sha256, made.software_version,
                        covers.coverage, covers.conformal_factor,
                    )  # fmt: skip
                elif part == "report":
                    self._parts.append(response.report)
                    self.report = self._summary()
        finally:
            call.cancel()

    def _summary(self) -> SeriesReport:
        return SeriesReport(
            verdict=verdict_of(self._checks),
            checks=self._checks,
            timings_ms={name: sum(getattr(part.timings, name) for part in self._parts) for name in _TIMINGS},
            attempts=self.attempts,
        )


def error_from(failure: grpc.RpcError) -> tuple[ReconError, float]:
    """Our error for a failed call, and how long to wait before another try."""
    status = rpc_status.from_call(failure)
    if status is not None:
        known, retry = from_status(status)
        if known is not None:
            return known, retry or 0.5
    code, details = failure.code(), failure.details() or "no details"
    if code == grpc.StatusCode.UNAVAILABLE:
        return ServiceUnavailable("the service can't be reached; is it running there?"), 0.5
    if code == grpc.StatusCode.DEADLINE_EXCEEDED:
        return DeadlineExceeded("the service did not answer in time"), 0.5
    if code == grpc.StatusCode.CANCELLED:
        return DeadlineExceeded("cancelled"), 0.5
    return InternalError(f"{code.name}: {details}"), 0.5
