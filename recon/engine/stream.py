"""The one stream engine: reads ahead a little, runs each slice, answers in order, whatever the task.

A stream holds at most ``read_ahead`` slices beyond the one that is being sent, so that neither a fast
sender nor a slow reader makes the gateway grow. Everything that goes wrong anywhere ends the stream
with one status, and whatever way it ends, nothing of it is left behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from recon.engine.answers import acceptance, series_report
from recon.engine.apart import Apart
from recon.engine.budget import Account, Budget
from recon.engine.catalogue import Catalogue
from recon.engine.inference import Inference
from recon.engine.intake import Intake, IntakeWatch
from recon.engine.known_lesions import surveyed
from recon.engine.limits import Limits, require_operations
from recon.engine.patience import Patience
from recon.engine.peer import Peer
from recon.engine.probing import Probing
from recon.engine.record import current
from recon.engine.slices import InlineSlice, Pending, SeriesUnderWay, ThreadedSlice
from recon.engine.trace import Trace, Traced
from recon.errors import InternalError, InvalidRequest, TooManyRequests
from recon.quality.strength import ChosenStrength, at_strength
from recon.quality.survival import Shares, pooled, survives
from recon.quality.verdict import Check, by_urgency, complete, verdict_of, worst
from recon.tasks.base import SliceWork, Task
from recon.v1 import common_pb2
from recon.wire.text import bounded_text

#: A larger message is never quick to take.
_QUICK_BYTES = 2 << 20
#: Threads for what is left to do on whole series, for which slices do not wait.
_SERIES_THREADS = 4
#: A slice on its way, what went wrong, or at the end what the whole series shows.
_Item: TypeAlias = "Pending | Exception | list[Check]"


@dataclass
class _Stream:
    """One stream: what its slices share, and what has been measured on the way."""

    series: SeriesUnderWay
    patience: Patience
    intake: Intake
    checks: list[Check]
    #: Messages that were looked at before the model was known.
    begun: deque[Any]
    #: What became of known lesions.
    shares: list[Shares] = field(default_factory=list)


class StreamEngine:
    """Runs the streams of all tasks.

    Parameters
    ----------
    inference, catalogue
        Where models run, and which there are.
    limits
        On memory and patience.
    modules
        That processes for whole series import ahead of their work.
    traced
        Who is told the way of each slice; None for nobody.
    """

    def __init__(
        self,
        inference: Inference,
        catalogue: Catalogue,
        limits: Limits,
        modules: Sequence[str] = (),
        traced: Traced | None = None,
    ) -> None:
        self.streams, self._traced = 0, traced
        self._apart = Apart(modules)
        self._unread = IntakeWatch()
        self._series_threads = ThreadPoolExecutor(_SERIES_THREADS, "series")
        self._inference, self._catalogue, self._limits = inference, catalogue, limits
        self.budget = Budget(limits.most_bytes)
        self._of_peer: Counter[str] = Counter()

    async def warm(self) -> None:
        """Start what the first series would wait for."""
        await self._apart.warm()

    async def close(self) -> None:
        """Let go of processes and threads; streams must have ended."""
        self._unread.close()
        await self._apart.close()
        self._series_threads.shutdown(wait=False, cancel_futures=True)

    async def run(self, task: Task, response: Callable[..., Any], peer: Peer) -> None:
        """Answer one call.

        Parameters
        ----------
        task
            What to do.
        response
            The rpc's response message, which has the parts ``accepted``, ``chunk``, ``slice``, ``report``.
        peer
            Who sends and is answered.
        """
        limits = self._limits
        if self.streams >= limits.most_streams:
            raise TooManyRequests(f"all {limits.most_streams} streams are in use; try again later")
        if self._of_peer[peer.name] >= limits.most_streams_of_peer:
            raise TooManyRequests(f"{limits.most_streams_of_peer} streams of this caller are open; finish some first")
        self.streams += 1
        self._of_peer[peer.name] += 1
        try:
            with self.budget.account() as account:
                async with Patience(limits, peer.deadline) as patience:
                    if self._traced is None:
                        await self._run(task, response, peer, account, patience, None)
                        return
                    with self._traced(task.name) as trace:
                        await self._run(task, response, peer, account, patience, trace)
        finally:
            self.streams -= 1
            self._of_peer[peer.name] -= 1
            self._of_peer += Counter()  # forgets who has none

    async def _run(
        self,
        task: Task,
        response: Callable[..., Any],
        peer: Peer,
        account: Account,
        patience: Patience,
        trace: Trace | None,
    ) -> None:
        began = time.perf_counter()
        intake = Intake(peer, account, patience, self._limits.unread_bytes)
        first = await intake.next()
        if first is None or first.WhichOneof("part") != "header":
            raise InvalidRequest("the first message must be the header", field="header")
        header = first.header
        bounded_text(header)
        begun: deque[Any] = deque()
        suits, reason = "", ""
        if not header.model:
            suits, reason = self._catalogue.preferred(task.name)
            if not suits:
                suits, reason = await self._suiting(task, header, begun, intake, account)
        suits = suits if self._catalogue.serves(task.name, suits) else ""
        model = self._catalogue.find(task.name, header.model or suits, header.model_version)
        series = SeriesUnderWay(peer, response, task.open(header, model.facts), model, common_pb2.Timings(), trace)
        stream = _Stream(series, patience, intake, [], begun)
        session = series.session
        require_operations(session.operations, self._limits.most_operations)
        account.change(session.held_bytes(self._limits.read_ahead))
        session.grow = account.change
        current().note(series=session.name, slices=session.slices, model=f"{model.name}:{model.version}")
        chosen = await self._survey(stream) if session.surveys else None
        accepted = acceptance(series, reason if model.name == suits else "", chosen)
        with self._unread.over(intake):
            await self._answer(stream, accepted)
        series.timings.total_ms = 1e3 * (time.perf_counter() - began)
        survival = pooled(stream.shares)
        if session.least is not None:
            stream.checks.append(survives(survival, session.least))
        why, action = "no slice of this series showed it", "look at its slices before and after"
        checks = by_urgency(complete(stream.checks, session.declared_checks, why, action))
        current().note(verdict=verdict_of(checks).name)
        await _write(stream, response(report=series_report(series, checks, survival)))

    async def _survey(self, stream: _Stream) -> ChosenStrength:
        """Probe the slices that come ahead of the series; how much is smoothed hangs on what they keep."""
        session, found = stream.series.session, list[Shares]()
        while not session.surveyed:
            message = stream.begun.popleft() if stream.begun else await stream.intake.next()
            if message is None:
                raise InvalidRequest("the stream ended in the survey", field="auto_strength.surveyed")
            for work in await asyncio.to_thread(session.survey, message):
                began = time.perf_counter()
                if shares := await surveyed(self._inference, stream.series, work):
                    found.append(shares)
                stream.series.spent("probe", began)
        chosen = await asyncio.to_thread(session.settle, found)
        if not session.maps:  # else they are measured again, slice by slice
            stream.shares = [at_strength(shares, chosen.strength) for shares in found]
        current().note(strength=chosen.strength)
        return chosen

    async def _suiting(
        self, task: Task, header: Any, begun: deque[Any], intake: Intake, account: Account
    ) -> tuple[str, str]:
        """The model for a header that names none, and why; what the task must see for it is kept in ``begun``."""
        models = self._catalogue.facts(task.name)
        while (found := await asyncio.to_thread(task.suits, header, models, begun)) is None:
            message = await intake.next()
            if message is None:
                raise InvalidRequest("the stream ended before a slice was whole", field="slices")
            account.change(message.ByteSize())
            begun.append(message)
        return found

    async def _answer(self, stream: _Stream, accepted: common_pb2.Accepted) -> None:
        """Accept, and send each slice as soon as it and those before it are ready."""
        queue: asyncio.Queue[_Item] = asyncio.Queue(self._limits.read_ahead)
        reader = asyncio.create_task(self._read(stream, queue))
        pending: list[Pending] = []
        probing = Probing(self._inference, stream.series)
        try:
            await _write(stream, stream.series.response(accepted=accepted))  # while the first slice is being read
            done = 0
            while not isinstance(item := await queue.get(), list):
                if isinstance(item, Exception):
                    raise item
                pending = [item]
                answer = await item.answer()
                for message in answer.messages:
                    await _write(stream, message, item.work.index)
                if stream.series.trace is not None:
                    stream.series.trace.sent(item.work.index)
                stream.checks = worst([*stream.checks, *answer.checks])
                done += 1
                current().slices_done = done
                if answer.shares is not None:
                    stream.shares.append(answer.shares)
                elif item.work.probed and not item.work.mapped:
                    await probing.begin(item.work)
            if done != stream.series.session.slices:
                raise InternalError(f"{done} of {stream.series.session.slices} slices were made of the whole input")
            stream.checks = worst([*stream.checks, *item])
            stream.shares += await probing.found()
        finally:
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reader
            await stream.intake.close()
            await probing.drop()
            left = [*pending, *(item for item in _drain(queue) if not isinstance(item, Exception | list))]
            for slice_left in left:
                slice_left.drop()
            for slice_left in left:
                await slice_left.ended()

    async def _read(self, stream: _Stream, queue: asyncio.Queue[_Item]) -> None:
        """Take messages and start the work that they make possible; a full queue stops the reading."""
        series, session = stream.series, stream.series.session
        try:
            while not session.is_complete:
                if stream.begun:
                    message = stream.begun.popleft()
                else:
                    began = time.perf_counter()
                    message = await stream.intake.next()
                    series.spent("receive", began)
                if message is None:
                    raise InvalidRequest(f"the stream ended after {session.progress}", field="slices")
                quick = session.quick and message.ByteSize() <= _QUICK_BYTES
                for work in session.add(message) if quick else await asyncio.to_thread(session.add, message):
                    await self._begin(stream, work, queue)
            if session.quick_end:
                return await queue.put(session.judge_series())
            if (whole := session.whole()) is not None:
                session.take(await self._apart.run(whole))
            rest = iter(await self._on_series_thread(session.complete))
            while (later := await self._on_series_thread(_following, rest)) is not None:
                await self._begin(stream, later, queue)
            await queue.put(await self._on_series_thread(session.judge_series))  # while the last are on their way
        except Exception as error:  # whatever it is, the one who waits for slices must hear of it
            await queue.put(error)

    async def _on_series_thread(self, function: Callable[..., Any], *values: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._series_threads, function, *values)

    async def _begin(self, stream: _Stream, work: SliceWork, queue: asyncio.Queue[_Item]) -> None:
        series = stream.series
        if series.trace is not None:
            series.trace.begin(work.index)
        pending: Pending
        if work.quick:
            pending = await InlineSlice(series, work).begin(self._inference)
        else:
            pending = ThreadedSlice(series, work, self._inference)
        try:
            await queue.put(pending)
        except asyncio.CancelledError:  # nobody else knows of it yet
            pending.drop()
            await pending.ended()
            raise


async def _write(stream: _Stream, message: Any, index: int | None = None) -> None:
    stream.patience.sending()
    began = time.perf_counter()
    try:
        await stream.series.peer.send(message)
    finally:
        stream.patience.sent()
        stream.series.spent("send", began, index)
    if stream.intake.failed is not None:
        raise stream.intake.failed


def _following(works: Iterator[SliceWork]) -> SliceWork | None:
    return next(works, None)


def _drain(queue: asyncio.Queue[_Item]) -> list[_Item]:
    found: list[_Item] = []
    while not queue.empty():
        found.append(queue.get_nowait())
    return found
