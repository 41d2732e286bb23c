"""The slices that come ahead of a series, by which the strength is chosen."""

from __future__ import annotations

import asyncio
import time

from recon.engine.inference import Inference
from recon.engine.known_lesions import surveyed
from recon.engine.open_stream import OpenStream
from recon.engine.record import current
from recon.engine.whole_series import WholeSeries
from recon.errors import InvalidRequest
from recon.quality.strength import ChosenStrength, at_strength
from recon.quality.survival import Shares
from recon.tasks.base import SliceWork


async def survey(stream: OpenStream, inference: Inference, whole: WholeSeries) -> ChosenStrength:
    """Probe them; how much is smoothed hangs on what they keep.

    Parameters
    ----------
    stream
        Whose session surveys.
    inference
        Where models run.
    whole
        Works on the whole series, where it is in with the survey.

    Raises
    ------
    InvalidRequest
        When the stream ends before all of them are in.
    """
    session, found = stream.series.session, list[Shares]()
    while not session.surveyed:
        message = await stream.receive()
        if message is None:
            raise InvalidRequest("the stream ended in the survey", field="auto_strength")
        for work in await asyncio.to_thread(session.survey, message):
            found += await _kept(stream, inference, work)
    if session.is_complete:
        await whole.work(session)
        async for later in whole.each(session.survey_whole):
            found += await _kept(stream, inference, later)
    chosen = await asyncio.to_thread(session.settle, found)
    if not session.maps:  # else they are measured again, slice by slice
        stream.shares = [at_strength(shares, chosen.strength, session.rest) for shares in found]
    current().note(strength=chosen.strength)
    return chosen


async def _kept(stream: OpenStream, inference: Inference, work: SliceWork) -> list[Shares]:
    began = time.perf_counter()
    shares = await surveyed(inference, stream.series, work)
    stream.series.spent("probe", began)
    return [shares] if shares else []
