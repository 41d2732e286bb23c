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

from recon import __version__
from recon.engine.apart import Apart
from recon.engine.budget import Account, Budget
from recon.engine.catalogue import Catalogue
from recon.engine.inference import Inference, Request, Tensors
from recon.engine.intake import Intake
from recon.engine.limits import Limits, require_operations
from recon.engine.models import ServedModel
from recon.engine.peer import Peer
from recon.engine.probing import Probing
from recon.engine.record import current
from recon.errors import DeadlineExceeded, InternalError, InvalidRequest, TooManyRequests
from recon.quality.interval import within_domain
from recon.quality.survival import Shares, pooled, survives
from recon.quality.verdict import Check, by_urgency, complete, verdict_of, worst
from recon.tasks.base import FinishedSlice, Session, SliceWork, Task
from recon.v1 import common_pb2
from recon.volumes import Unit
from recon.wire.messages import (
    PIECE_BYTES,
    check_to_message,
    chunks,
    interval_to_message,
    survival_to_message,
    verdict_to_message,
)
from recon.wire.planes import add_image, add_picture, add_width
from recon.wire.text import bounded_text

#: A message of no more bytes brings no samples: it keeps no place.
_NOTHING_BYTES = 32
#: A larger one is never quick to take.
_QUICK_BYTES = 2 << 20
#: Threads for slices, and for what is left to do on whole series: neither waits for the other.
_SLICE_THREADS, _SERIES_THREADS = 8, 4
_UNITS = {Unit.HU: common_pb2.UNIT_HU, Unit.ARBITRARY: common_pb2.UNIT_ARBITRARY}
#: Pixels that go before, the message of the slice, and its checks.
_Answer: TypeAlias = tuple[list[common_pb2.Chunk], Any, list[Check]]
#: A slice on its way and what it is made of, what went wrong, or at the end what the whole series shows.
_Item: TypeAlias = "tuple[asyncio.Task[_Answer], SliceWork] | Exception | list[Check]"


@dataclass
class _Series:
    """One stream: its session, its model, and what has been measured on the way."""

    peer: Peer
    intake: Intake
    response: Callable[..., Any]
    session: Session
    model: ServedModel
    timings: common_pb2.Timings
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
    """

    def __init__(
        self, inference: Inference, catalogue: Catalogue, limits: Limits, modules: Sequence[str] = ()
    ) -> None:  # fmt: skip
        self.streams = 0
        self._apart = Apart(modules)
        self._slice_threads = ThreadPoolExecutor(_SLICE_THREADS, "slice")
        self._series_threads = ThreadPoolExecutor(_SERIES_THREADS, "series")
        self._inference, self._catalogue, self._limits = inference, catalogue, limits
        self.budget = Budget(limits.most_bytes)
        self._of_peer: Counter[str] = Counter()

    async def warm(self) -> None:
        """Start what the first series would wait for."""
        await self._apart.warm()

    async def close(self) -> None:
        """Let go of processes and threads; streams must have ended."""
        await self._apart.close()
        for threads in (self._slice_threads, self._series_threads):
            threads.shutdown(wait=False, cancel_futures=True)

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
                async with asyncio.timeout(limits.longest_s) as longest:
                    await self._run(task, response, peer, account)
        except TimeoutError:
            if not longest.expired():
                raise
            raise DeadlineExceeded(f"a stream may last {limits.longest_s:.0f} s; send the series in parts") from None
        finally:
            self.streams -= 1
            self._of_peer[peer.name] -= 1
            self._of_peer += Counter()  # forgets who has none

    async def _run(self, task: Task, response: Callable[..., Any], peer: Peer, account: Account) -> None:
        began = time.perf_counter()
        intake = Intake(peer, account, self._limits.idle_s, self._limits.unread_bytes)
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
        series = _Series(
            peer, intake, response, task.open(header, model.facts), model,
            common_pb2.Timings(), [], begun,
        )  # fmt: skip
        session = series.session
        require_operations(session.operations, self._limits.most_operations)
        account.change(session.held_bytes(self._limits.read_ahead))
        session.grow = account.change
        current().note(series=session.name, slices=session.slices, model=f"{model.name}:{model.version}")
        accepted = common_pb2.Accepted(
            provenance=provenance(model), interval=interval_to_message(session.interval), unit=_UNITS[session.unit],
            rows=session.rows, columns=session.columns, slices=session.slices,
            model_reason=reason if model.name == suits else "", declared_checks=session.declared_checks,
            series_checks=session.series_checks,
        )  # fmt: skip
        await self._answer(series, accepted)
        series.timings.total_ms = 1e3 * (time.perf_counter() - began)
        survival = pooled(series.shares)
        if session.least is not None:
            series.checks.append(survives(survival, session.least))
        checks = by_urgency(complete(series.checks, session.declared_checks, "no slice of this series showed it"))
        verdict = verdict_of(checks)
        found = within_domain(session.interval, checks, session.domain_checks)
        current().note(verdict=verdict.name)
        report = common_pb2.SeriesReport(
            verdict=verdict_to_message(verdict), checks=[check_to_message(check) for check in checks],
            timings=series.timings, provenance=provenance(model), interval=interval_to_message(found),
            probes=[survival_to_message(one) for one in survival],
        )  # fmt: skip
        await intake.write(response(report=report))

    async def _suiting(
        self, task: Task, header: Any, begun: deque[Any], intake: Intake, account: Account
    ) -> tuple[str, str]:
        """The model for a header that names none, and why; what the task must see for it is kept in ``begun``."""
        models = self._catalogue.facts(task.name)
        while (found := await self._on_thread(task.suits, header, models, begun)) is None:
            message = await intake.next()
            if message is None:
                raise InvalidRequest("the stream ended before a slice was whole", field="slices")
            account.change(intake.received_bytes)
            begun.append(message)
        return found

    async def _answer(self, series: _Series, accepted: common_pb2.Accepted) -> None:
        """Accept, and send each slice as soon as it and those before it are ready."""
        queue: asyncio.Queue[_Item] = asyncio.Queue(self._limits.read_ahead)
        reader = asyncio.create_task(self._read(series, queue))
        pending: asyncio.Task[_Answer] | None = None
        probing = Probing(self._inference, series.model, series.peer.deadline, series.timings)
        try:
            await series.intake.write(series.response(accepted=accepted))  # while the first slice is being read
            done = 0
            while not isinstance(item := await queue.get(), list):
                if isinstance(item, Exception):
                    raise item
                pending, work = item
                pieces, message, checks = await pending
                for piece in pieces:
                    await series.intake.write(series.response(chunk=piece))
                await series.intake.write(message)
                series.checks = worst([*series.checks, *checks])
                done += 1
                current().slices_done = done
                if work.probed:
                    await probing.begin(work)
            if done != series.session.slices:
                raise InternalError(f"{done} of {series.session.slices} slices were made of the whole input")
            series.checks = worst([*series.checks, *item])
            series.shares = await probing.found()
        finally:
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reader
            await series.intake.close()
            await probing.drop()
            begun = [item[0] for item in _drain(queue) if isinstance(item, tuple)]
            left = [task for task in (pending, *begun) if task is not None]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def _read(self, series: _Series, queue: asyncio.Queue[_Item]) -> None:
        """Take messages and start the work that they make possible; a full queue stops the reading."""
        session, silence = series.session, 0.0
        try:
            while not session.is_complete:
                began = time.perf_counter()
                message = series.begun.popleft() if series.begun else await series.intake.next(silence)
                waited = time.perf_counter() - began
                series.timings.receive_ms += 1e3 * waited
                if message is None:
                    raise InvalidRequest(f"the stream ended after {session.progress}", field="slices")
                size = series.intake.received_bytes
                silence = 0.0 if size > _NOTHING_BYTES else silence + waited
                quick = session.quick and size <= _QUICK_BYTES
                for work in session.add(message) if quick else await self._on_thread(session.add, message):
                    await self._begin(series, work, queue)
            if (whole := session.whole()) is not None:
                session.take(await self._apart.run(whole))
            rest = iter(await self._on_series_thread(session.complete))
            while (later := await self._on_series_thread(_following, rest)) is not None:
                await self._begin(series, later, queue)
            await queue.put(await self._on_series_thread(session.judge_series))  # while the last are on their way
        except Exception as error:  # whatever it is, the one who waits for slices must hear of it
            await queue.put(error)

    async def _begin(self, series: _Series, work: SliceWork, queue: asyncio.Queue[_Item]) -> None:
        task = asyncio.create_task(self._process(series, work))
        try:
            if queue.full():
                await series.intake.beside(queue.put((task, work)))
            else:
                queue.put_nowait((task, work))
        except BaseException:  # nobody else knows of it yet
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            raise

    async def _process(self, series: _Series, work: SliceWork) -> _Answer:
        """Prepare, infer, finish, and encode one slice."""
        timings, loop = series.timings, asyncio.get_running_loop()
        prepared = 0.0
        judging: asyncio.Future[list[Check]] | None = None

        def fill(tensors: Tensors) -> None:
            nonlocal prepared
            began = time.perf_counter()
            work.prepare(tensors)
            prepared = time.perf_counter()
            timings.prepare_ms += 1e3 * (prepared - began)

        def meanwhile() -> None:
            nonlocal judging
            judging = loop.run_in_executor(self._slice_threads, work.judge_input)

        request = Request(series.model, work.inputs, work.outputs, work.parameters, series.peer.deadline, work.quick)
        async with self._inference.infer(request, fill, meanwhile) as tensors:
            inferred = time.perf_counter()
            timings.network_ms += 1e3 * (inferred - prepared)
            finished, message, pieces = await self._on_thread(_finish, work, tensors, series)
        checks = [*(await judging if judging is not None else []), *finished.checks]
        timings.finish_ms += 1e3 * (time.perf_counter() - inferred)
        return _judged(message, pieces, checks)

    async def _on_thread(self, function: Callable[..., Any], *values: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._slice_threads, function, *values)

    async def _on_series_thread(self, function: Callable[..., Any], *values: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._series_threads, function, *values)


def _finish(work: SliceWork, tensors: Tensors, series: _Series) -> tuple[FinishedSlice, Any, list[common_pb2.Chunk]]:
    """On a thread: the slice, the message that carries its planes, and where it is too large what goes before."""
    finished = work.finish(tensors)
    message = series.response()
    result = message.slice
    result.slice_index = work.index
    add_image(result, finished.image, whole_numbers=series.session.whole_numbers)
    add_width(result, finished.uncertainty, common_pb2.PLANE_UNCERTAINTY)
    for name, values in finished.extra.items():
        add_picture(result, values, f"PLANE_{name}")
    pieces: list[common_pb2.Chunk] = []
    if sum(len(plane.data) for plane in result.planes) > PIECE_BYTES:
        for plane in result.planes:
            pieces += chunks(result.slice_index, plane.data, plane.plane)
            plane.data = b""
    return finished, message, pieces


def _judged(message: Any, pieces: list[common_pb2.Chunk], checks: list[Check]) -> _Answer:
    """With its verdict."""
    result = message.slice
    result.verdict = verdict_to_message(verdict_of(checks))
    result.checks.extend(check_to_message(check) for check in checks)
    return pieces, message, checks


def _following(works: Iterator[SliceWork]) -> SliceWork | None:
    return next(works, None)


def provenance(model: ServedModel) -> common_pb2.Provenance:
    """What made an image."""
    return common_pb2.Provenance(
        software="recon", software_version=__version__, model=model.name, model_version=model.version,
        model_sha256=model.sha256, model_tuning=model.tuning,
    )  # fmt: skip


def _drain(queue: asyncio.Queue[_Item]) -> list[_Item]:
    found: list[_Item] = []
    while not queue.empty():
        found.append(queue.get_nowait())
    return found
