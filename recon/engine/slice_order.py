"""Slices in order: read ahead a little, begun as messages make them possible, sent as soon as those before are.

A stream holds at most ``read_ahead`` slices beyond the one that is being sent, so that neither a fast
sender nor a slow reader makes the gateway grow.
"""

from __future__ import annotations

import asyncio
from typing import Any, TypeAlias

from recon.engine.inference import Inference
from recon.engine.open_stream import OpenStream
from recon.engine.probing import Probing
from recon.engine.record import current
from recon.engine.slices import InlineSlice, Pending, ThreadedSlice
from recon.engine.whole_series import WholeSeries
from recon.errors import InternalError, InvalidRequest
from recon.quality.verdict import Check, worst
from recon.tasks.base import SliceWork

#: A larger message is never quick to take.
_QUICK_BYTES = 2 << 20
#: A slice on its way, what went wrong, or at the end what the whole series shows.
_Item: TypeAlias = "Pending | Exception | list[Check]"


class SliceOrder:
    """Makes and sends the slices of streams.

    Parameters
    ----------
    inference
        Where models run.
    whole
        Works on whole series.
    read_ahead
        Slices that a stream may have on their way.
    """

    def __init__(self, inference: Inference, whole: WholeSeries, read_ahead: int) -> None:
        self._inference, self._whole, self._read_ahead = inference, whole, read_ahead

    async def answer(self, stream: OpenStream, accepted: Any) -> None:
        """Send ``accepted``, and each slice as soon as it and those before it are ready.

        Raises
        ------
        ReconError
            Whatever went wrong anywhere; nothing of the stream's slices is left behind then.
        """
        queue: asyncio.Queue[_Item] = asyncio.Queue(self._read_ahead)
        reader = asyncio.create_task(self._read(stream, queue))
        pending: list[Pending] = []
        probing = Probing(self._inference, stream.series)
        try:
            await stream.send(accepted)  # while the first slice is being read
            done = 0
            while not isinstance(item := await queue.get(), list):
                if isinstance(item, Exception):
                    raise item
                pending = [item]
                answer = await item.answer()
                for message in answer.messages:
                    await stream.send(message, item.work.index)
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
            # first what needs no waiting: a second cancel, as at a deadline, would skip what is behind an await
            reader.cancel()
            ending = [reader, *stream.intake.stop(), *probing.stop()]
            left = [*pending, *(item for item in _drain(queue) if not isinstance(item, Exception | list))]
            for slice_left in left:
                slice_left.drop()
            await asyncio.gather(*ending, *(slice_left.ended() for slice_left in left), return_exceptions=True)

    async def _read(self, stream: OpenStream, queue: asyncio.Queue[_Item]) -> None:
        """Take messages and start the work that they make possible; a full queue stops the reading."""
        session = stream.series.session
        try:
            while not session.is_complete:
                message = await stream.receive()
                if message is None:
                    raise InvalidRequest(f"the stream ended after {session.progress}", field="slices")
                quick = session.quick and message.ByteSize() <= _QUICK_BYTES
                for work in session.add(message) if quick else await asyncio.to_thread(session.add, message):
                    await self._begin(stream, work, queue)
            if session.quick_end:
                return await queue.put(session.judge_series())
            await self._whole.work(session)
            async for later in self._whole.each(session.complete):
                await self._begin(stream, later, queue)
            await queue.put(await self._whole.on_thread(session.judge_series))  # while the last are on their way
        except Exception as error:  # whatever it is, the one who waits for slices must hear of it
            await queue.put(error)

    async def _begin(self, stream: OpenStream, work: SliceWork, queue: asyncio.Queue[_Item]) -> None:
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


def _drain(queue: asyncio.Queue[_Item]) -> list[_Item]:
    found: list[_Item] = []
    while not queue.empty():
        found.append(queue.get_nowait())
    return found
