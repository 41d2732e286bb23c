"""Slices of one series once more, with known lesions in them: behind the slices themselves, one at a time."""

from __future__ import annotations

import asyncio
import time

from recon.engine.inference import Inference
from recon.engine.known_lesions import probed
from recon.engine.slices import SeriesUnderWay
from recon.quality.survival import Shares
from recon.tasks.base import SliceWork


class Probing:
    """The probes of one series.

    Parameters
    ----------
    inference
        Where models run.
    series
        Of the slices.
    """

    def __init__(self, inference: Inference, series: SeriesUnderWay) -> None:
        self._inference, self._series = inference, series
        self._found: list[Shares] = []
        self._running: asyncio.Task[None] | None = None

    async def begin(self, work: SliceWork) -> None:
        """Probe a slice that is finished, once the one before has been: so only two are held."""
        await self._settle()
        self._running = asyncio.create_task(self._run(work))

    async def found(self) -> list[Shares]:
        """What was found, when all that was begun is done."""
        await self._settle()
        return self._found

    def stop(self) -> list[asyncio.Task[None]]:
        """Stop what still runs; returns what has yet to end."""
        running, self._running = self._running, None
        if running is None:
            return []
        running.cancel()
        return [running]

    async def _settle(self) -> None:
        running, self._running = self._running, None
        if running is None:
            return
        try:
            await running
        except asyncio.CancelledError:
            running.cancel()
            raise

    async def _run(self, work: SliceWork) -> None:
        began = time.perf_counter()
        found = await probed(self._inference, self._series, work)
        if found is not None:
            self._found.append(found)
        self._series.spent("probe", began)
