"""One slice on its way: prepared, through the model, finished, judged, and encoded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from recon.engine.inference import Inference, Request, Running, Tensors
from recon.engine.known_lesions import mapped, owned
from recon.engine.models import ServedModel
from recon.engine.peer import Peer
from recon.engine.trace import Trace
from recon.quality.survival import Shares
from recon.quality.verdict import Check
from recon.tasks.base import FinishedSlice, Session, SliceWork
from recon.v1 import common_pb2
from recon.wire.planes import image_plane, width_plane
from recon.wire.slice_message import slice_messages


@dataclass
class SeriesUnderWay:
    """What the slices of a stream share.

    Attributes
    ----------
    peer
        Who sends and is answered.
    response
        Class of the answers.
    session
        Of the task.
    model
        That makes the images.
    timings
        Where the time went so far.
    trace
        Who is told each part; None for nobody.
    """

    peer: Peer
    response: Callable[..., Any]
    session: Session
    model: ServedModel
    timings: common_pb2.Timings
    trace: Trace | None = None

    def spent(self, part: str, since: float, index: int | None = None) -> float:
        """Book the time since then, for a slice or for none; returns the time now."""
        now = time.perf_counter()
        name = f"{part}_ms"
        setattr(self.timings, name, getattr(self.timings, name) + 1e3 * (now - since))
        if self.trace is not None:
            self.trace.part(part, since, now, index)
        return now


@dataclass(frozen=True)
class Answer:
    """A slice as it is sent.

    Attributes
    ----------
    messages
        Encoded, in order.
    checks
        Of the slice.
    shares
        What known lesions keep in it, where that is in the answer.
    """

    messages: list[bytes]
    checks: list[Check]
    shares: Shares | None = None


class Pending(Protocol):
    """A slice under way.

    Attributes
    ----------
    work
        What it is made of.
    """

    work: SliceWork

    async def answer(self) -> Answer:
        """Wait for it."""

    def drop(self) -> None:
        """Nobody waits for it any more."""

    async def ended(self) -> None:
        """Wait until nothing of it runs here."""


class InlineSlice:
    """A slice whose preparation and finish take less than a change of threads: no task, no thread.

    It is finished by whoever waits for it, while the model is at the next.
    """

    def __init__(self, series: SeriesUnderWay, work: SliceWork) -> None:
        self._series, self.work = series, work
        self._checks: list[Check] = []

    async def begin(self, inference: Inference) -> InlineSlice:
        """Send it to the model; what can be measured on the input is measured while that runs."""
        clock = _Clock(self._series, self.work)
        self._running = await inference.begin(_request(self._series, self.work), clock.fill)
        try:
            self._checks = self.work.judge_input()
        except BaseException:
            self._running.release()
            raise
        self._sent = clock.filled
        return self

    async def answer(self) -> Answer:
        """See :class:`Pending`."""
        try:
            tensors = await self._running.outputs()
            now = self._series.spent("network", self._sent, self.work.index)
            finished = self.work.finish(tensors)
            answer = _answer(self._series, self.work, finished, self._checks)
            self._series.spent("finish", now, self.work.index)
            return answer
        finally:
            self._running.release()

    def drop(self) -> None:
        """See :class:`Pending`."""
        self._running.release()

    async def ended(self) -> None:
        """Nothing does."""


class ThreadedSlice:
    """A slice whose preparation or finish would hold up the other streams: both on threads, in a task of its own."""

    def __init__(self, series: SeriesUnderWay, work: SliceWork, inference: Inference) -> None:
        self.work = work
        self._task = asyncio.create_task(_threaded(series, work, inference))

    async def answer(self) -> Answer:
        """See :class:`Pending`."""
        return await self._task

    def drop(self) -> None:
        """See :class:`Pending`."""
        self._task.cancel()

    async def ended(self) -> None:
        """See :class:`Pending`."""
        await asyncio.gather(self._task, return_exceptions=True)


async def _threaded(series: SeriesUnderWay, work: SliceWork, inference: Inference) -> Answer:
    clock = _Clock(series, work)
    judging: asyncio.Future[list[Check]] | None = None
    running = await inference.begin(_request(series, work), clock.fill)
    try:
        judging = asyncio.ensure_future(asyncio.to_thread(work.judge_input))
        tensors = await running.outputs()
        now = series.spent("network", clock.filled, work.index)
        if work.mapped:
            finished = await asyncio.to_thread(work.finish, tensors)
            return await _mapped(series, work, inference, running, finished, await judging)
        judged = await judging  # the model took longer
        answer = await asyncio.to_thread(lambda: _answer(series, work, work.finish(tensors), judged))
        series.spent("finish", now, work.index)
        return answer
    finally:
        running.release()
        if judging is not None:
            judging.cancel()


async def _mapped(
    series: SeriesUnderWay,
    work: SliceWork,
    inference: Inference,
    running: Running,
    finished: FinishedSlice,
    judged: list[Check],
) -> Answer:
    """The answer with a picture of what known lesions keep; two places at the models are never held at once."""
    began = time.perf_counter()
    finished = await asyncio.to_thread(owned, finished)
    running.release()
    finished, shares = await mapped(inference, series, work, finished)
    series.spent("probe", began)
    return replace(await asyncio.to_thread(_answer, series, work, finished, judged), shares=shares)


class _Clock:
    """Notes when the input was filled, and books how long that took and was waited for."""

    def __init__(self, series: SeriesUnderWay, work: SliceWork) -> None:
        self._series, self._work = series, work
        self._asked = self.filled = time.perf_counter()

    def fill(self, tensors: Tensors) -> None:
        """Prepare the input."""
        began = self._series.spent("queue", self._asked, self._work.index)
        self._work.prepare(tensors)
        self.filled = self._series.spent("prepare", began, self._work.index)


def _request(series: SeriesUnderWay, work: SliceWork) -> Request:
    last = series.session.is_complete
    return Request(series.model, work.inputs, work.outputs, work.parameters, series.peer.deadline, work.quick, last)


def _answer(series: SeriesUnderWay, work: SliceWork, finished: FinishedSlice, judged: list[Check]) -> Answer:
    """The messages of a finished slice, whose planes need not be valid any longer."""
    planes = [
        image_plane(finished.image, whole_numbers=series.session.whole_numbers),
        width_plane(finished.uncertainty, common_pb2.PLANE_UNCERTAINTY),
        *(width_plane(values, f"PLANE_{name}") for name, values in finished.extra.items()),
    ]
    checks = [*judged, *finished.checks]
    return Answer(list(slice_messages(series.response, work.index, planes, checks)), checks)
