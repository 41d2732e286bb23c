"""The one stream engine: reads ahead a little, runs each slice, answers in order, whatever the task.

Everything that goes wrong anywhere ends the stream with one status, and whatever way it ends, nothing of it is
left behind.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Any

from recon.engine.answers import acceptance, series_report
from recon.engine.budget import Account, Budget
from recon.engine.catalogue import Catalogue
from recon.engine.inference import Inference
from recon.engine.intake import Intake, IntakeWatch
from recon.engine.limits import Limits, require_operations
from recon.engine.open_stream import OpenStream
from recon.engine.patience import Patience
from recon.engine.peer import Peer
from recon.engine.record import current
from recon.engine.slice_order import SliceOrder
from recon.engine.slices import SeriesUnderWay
from recon.engine.survey import survey
from recon.engine.trace import Trace, Traced
from recon.engine.whole_series import WholeSeries
from recon.errors import InvalidRequest, TooManyRequests
from recon.quality.survival import pooled, survives
from recon.quality.verdict import by_urgency, complete, verdict_of
from recon.tasks.base import Task
from recon.v1 import common_pb2
from recon.wire.text import bounded_text


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

    Attributes
    ----------
    streams, of_peer
        Open now: altogether, and by the name of the caller.
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
        self._unread = IntakeWatch()
        self._whole = WholeSeries(modules)
        self._slices = SliceOrder(inference, self._whole, limits.read_ahead)
        self._inference, self._catalogue, self._limits = inference, catalogue, limits
        self.budget = Budget(limits.most_bytes)
        self.of_peer: Counter[str] = Counter()

    async def warm(self) -> None:
        """Start what the first series would wait for."""
        await self._whole.warm()

    async def close(self) -> None:
        """Let go of processes and threads; streams must have ended."""
        self._unread.close()
        await self._whole.close()

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
        limits, caller = self._limits, peer.name
        if self.streams >= limits.most_streams:
            raise TooManyRequests(f"all {limits.most_streams} streams are in use; try again later")
        if self.of_peer[caller] >= limits.most_streams_of_peer:
            raise TooManyRequests(f"{limits.most_streams_of_peer} streams of this caller are open; finish some first")
        self.streams += 1
        self.of_peer[caller] += 1
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
            self.of_peer[caller] -= 1
            self.of_peer += Counter()  # forgets who has none

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
        suits, version, reason = ("", "", "") if header.model else self._catalogue.preferred(task.name)
        if not header.model and not suits:
            suits, reason = await self._suiting(task, header, begun, intake, account)
        if not self._catalogue.serves(task.name, suits, version):
            suits, version = "", ""
        model = self._catalogue.find(task.name, header.model or suits, header.model_version or version)
        series = SeriesUnderWay(peer, response, task.open(header, model.facts), model, common_pb2.Timings(), trace)
        stream = OpenStream(series, patience, intake, begun)
        session = series.session
        require_operations(session.operations, self._limits.most_operations)
        account.change(session.held_bytes(self._limits.read_ahead))
        session.grow = account.change
        current().note(series=session.name, slices=session.slices, model=f"{model.name}:{model.version}")
        chosen = await survey(stream, self._inference, self._whole) if session.surveys else None
        as_chosen = model.name == suits and version in ("", model.version)
        accepted = acceptance(series, task.unit, reason if as_chosen else "", chosen)
        with self._unread.over(intake):
            await self._slices.answer(stream, response(accepted=accepted))
        series.timings.total_ms = 1e3 * (time.perf_counter() - began)
        survival = pooled(stream.shares)
        if session.least is not None:
            stream.checks.append(survives(survival, session.least))
        why, action = "no slice of this series showed it", "look at its slices before and after"
        checks = by_urgency(complete(stream.checks, session.declared_checks, why, action))
        current().note(verdict=verdict_of(checks).name)
        await stream.send(response(report=series_report(series, checks, survival)))

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
