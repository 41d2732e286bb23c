"""The slices that come ahead of a series, by which the strength is chosen."""

from __future__ import annotations

import asyncio
import time

from recon.engine.inference import Inference
from recon.engine.known_lesions import surveyed
from recon.engine.open_stream import OpenStream
from recon.engine.record import current
from recon.errors import InvalidRequest
from recon.quality.strength import ChosenStrength, at_strength
from recon.quality.survival import Shares


async def survey(stream: OpenStream, inference: Inference) -> ChosenStrength:
    """Probe them; how much is smoothed hangs on what they keep.

    Raises
    ------
    InvalidRequest
        When the stream ends before all of them are in.
    """
    session, found = stream.series.session, list[Shares]()
    while not session.surveyed:
        message = await stream.receive()
        if message is None:
            raise InvalidRequest("the stream ended in the survey", field="auto_strength.surveyed")
        for work in await asyncio.to_thread(session.survey, message):
            began = time.perf_counter()
            if shares := await surveyed(inference, stream.series, work):
                found.append(shares)
            stream.series.spent("probe", began)
    chosen = await asyncio.to_thread(session.settle, found)
    if not session.maps:  # else they are measured again, slice by slice
        stream.shares = [at_strength(shares, chosen.strength) for shares in found]
    current().note(strength=chosen.strength)
    return chosen
