"""What the streams of all tasks share: read ahead a little, infer, send each slice when it is ready."""

from __future__ import annotations

import asyncio
import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

import grpc
import numpy as np

from recon import __version__
from recon.errors import DeadlineExceeded, InvalidRequest, ReconError, TooManyRequests
from recon.quality.verdict import Check, verdict_of, worst
from recon.serving.guard import RequestRecord, guarded
from recon.serving.settings import Limits
from recon.serving.triton_client import ServedModel
from recon.v1 import common_pb2
from recon.volumes import FloatImage
from recon.wire.messages import SAMPLE_DTYPES, check_to_message, chunks

COVERAGE = 0.9
_DONE = grpc.aio.EOF
_Context: TypeAlias = "grpc.aio.ServicerContext"
Data = TypeVar("Data")


@dataclass(frozen=True)
class FinishedSlice:
    """One slice's answer; its checks may still be on their way.

    Attributes
    ----------
    index
        Of the slice.
    image, uncertainty
        (y, x) float32.
    checks
        Made while the pixels travel.
    """

    index: int
    image: FloatImage
    uncertainty: FloatImage
    checks: asyncio.Task[list[Check]]


@dataclass(frozen=True)
class Replies:
    """A task's reply messages, which all have the same parts."""

    response: Callable[..., Any]
    accepted: Callable[..., Any]
    slice: Callable[..., Any]
    report: Callable[..., Any]


class Series(ABC, Generic[Data]):
    """One stream's series, as a task sees it.

    Attributes
    ----------
    name
        Caller's name for it.
    slices
        How many there are.
    model
        That makes the images.
    uncertainty_type
        How the uncertainty travels.
    """

    uncertainty_type = common_pb2.SAMPLE_TYPE_FLOAT32

    def __init__(self, name: str, slices: int, model: ServedModel) -> None:
        self.name, self.slices, self.model = name, slices, model
        self.timings = common_pb2.Timings()
        self.checks: list[Check] = []

    @property
    @abstractmethod
    def received(self) -> int:
        """How many slices are in completely."""

    @abstractmethod
    def add(self, message: Any) -> tuple[int, Data] | None:
        """Take a message; returns the slice that it completes."""

    @abstractmethod
    async def process(self, index: int, data: Data) -> FinishedSlice:
        """Prepare, infer, finish."""


class SliceStreams:
    """Runs the streams of one task; nothing is held beyond a few slices each, whatever the client does."""

    def __init__(self, method: str, replies: Replies, limits: Limits) -> None:
        self._method, self._replies, self._limits = method, replies, limits
        self._streams = 0

    async def run(self, context: _Context, open_series: Callable[[Any], Series[Any]]) -> None:
        """Answer one call; ``open_series`` makes a series of the first message or says what is wrong with it."""
        async with guarded(context, self._method) as record:
            if self._streams >= self._limits.most_streams:
                raise TooManyRequests(f"all {self._limits.most_streams} streams are in use; try again later")
            self._streams += 1
            try:
                await self._run(context, open_series, record)
            finally:
                self._streams -= 1

    async def _run(self, context: _Context, open_series: Callable[[Any], Series[Any]], record: RequestRecord) -> None:
        began = time.perf_counter()
        first = await self._next(context)
        if first is None or first.WhichOneof("part") != "header":
            raise InvalidRequest("the first message must be the header", field="header")
        series, replies = open_series(first.header), self._replies
        record.note(series=series.name, slices=series.slices, model=f"{series.model.name}:{series.model.version}")
        accepted = replies.accepted(
            provenance=provenance(series.model), interval=interval(series.model),
            image_type=common_pb2.SAMPLE_TYPE_FLOAT32, uncertainty_type=series.uncertainty_type,
        )  # fmt: skip
        await self._write(context, replies.response(accepted=accepted))
        queue: asyncio.Queue[asyncio.Task[FinishedSlice] | ReconError] = asyncio.Queue(self._limits.read_ahead)
        reader = asyncio.create_task(self._read(context, series, queue))
        pending: asyncio.Task[FinishedSlice] | None = None
        try:
            for done in range(series.slices):
                item = await queue.get()
                if isinstance(item, ReconError):
                    raise item
                pending = item
                await self._send(context, series, await pending)
                record.slices_done = done + 1
        finally:
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reader
            for task in [pending, *_drain(queue)]:
                if isinstance(task, asyncio.Task) and not task.done():
                    task.cancel()
        series.timings.total_ms = 1e3 * (time.perf_counter() - began)
        checks = worst(series.checks)
        verdict = verdict_of(checks)
        record.note(verdict=verdict.name)
        report = replies.report(
            verdict=common_pb2.Verdict.ValueType(int(verdict)),
            checks=[check_to_message(check) for check in checks],
            timings=series.timings,
            provenance=provenance(series.model),
            interval=interval(series.model),
        )
        await self._write(context, replies.response(report=report))

    async def _read(
        self,
        context: _Context,
        series: Series[Any],
        queue: asyncio.Queue[asyncio.Task[FinishedSlice] | ReconError],
    ) -> None:
        """Assemble slices and start their inference; a full queue stops the reading."""
        try:
            while series.received < series.slices:
                began = time.perf_counter()
                message = await self._next(context)
                series.timings.receive_ms += 1e3 * (time.perf_counter() - began)
                if message is None:
                    raise InvalidRequest(
                        f"the stream ended after {series.received} of {series.slices} slices", field="slices"
                    )
                complete = series.add(message)
                if complete is not None:
                    await queue.put(asyncio.create_task(series.process(*complete)))
        except ReconError as error:
            await queue.put(error)

    async def _send(self, context: _Context, series: Series[Any], result: FinishedSlice) -> None:
        planes = (
            (common_pb2.PLANE_IMAGE, result.image, common_pb2.SAMPLE_TYPE_FLOAT32),
            (common_pb2.PLANE_UNCERTAINTY, result.uncertainty, series.uncertainty_type),
        )
        for plane, values, kind in planes:
            encoded = np.ascontiguousarray(values, dtype=SAMPLE_DTYPES[kind])
            for chunk in chunks(result.index, plane, encoded.data.cast("B")):
                await self._write(context, self._replies.response(chunk=chunk))
        checks = await result.checks
        report = self._replies.slice(
            slice_index=result.index,
            verdict=common_pb2.Verdict.ValueType(int(verdict_of(checks))),
            checks=[check_to_message(check) for check in checks],
        )
        await self._write(context, self._replies.response(slice=report))
        series.checks = worst([*series.checks, *checks])

    async def _next(self, context: _Context) -> Any:
        """The next message, None at the end of the stream."""
        try:
            message = await asyncio.wait_for(context.read(), self._limits.idle_s)
        except TimeoutError:
            raise DeadlineExceeded(f"nothing came for {self._limits.idle_s:.0f} s; send or cancel") from None
        return None if message is _DONE else message

    async def _write(self, context: _Context, message: Any) -> None:
        try:
            await asyncio.wait_for(context.write(message), self._limits.idle_s)
        except TimeoutError:
            raise DeadlineExceeded(f"the client read nothing for {self._limits.idle_s:.0f} s") from None


def provenance(model: ServedModel) -> common_pb2.Provenance:
    """What made an image."""
    return common_pb2.Provenance(
        software="recon",
        software_version=__version__,
        model=model.name,
        model_version=model.version,
        model_sha256=model.sha256,
    )


def interval(model: ServedModel) -> common_pb2.Interval:
    """What the uncertainty plane means."""
    return common_pb2.Interval(coverage=COVERAGE, conformal_factor=model.conformal_factor)


def _drain(queue: asyncio.Queue[asyncio.Task[FinishedSlice] | ReconError]) -> list[object]:
    found: list[object] = []
    while not queue.empty():
        found.append(queue.get_nowait())
    return found
