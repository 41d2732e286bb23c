"""Callers who come at their own times, whatever the server does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import numpy as np

from recon.arrays import DoubleArray
from recon.bench.observation import Observation, Route, observe

#: Share of the requests that may be sent late before a run says nothing about the server.
LATE_SHARE = 0.01
_TOLERANCE_S = 0.010


async def open_loop(
    route: Route, moments: DoubleArray, item_of: Callable[[int], int], slices: int, timeout_s: float
) -> list[Observation]:
    """Send a request at each scheduled moment; each is a task of its own, so none waits for another.

    Latency counts from the scheduled moment: a server that stops for a while owes an answer to
    everyone who would have called meanwhile (Tene's coordinated omission).
    """
    tasks: list[asyncio.Task[Observation]] = []
    start = time.monotonic() + 0.005
    for number, moment in enumerate(moments):
        due = start + float(moment)
        await _until(due)
        tasks.append(asyncio.create_task(observe(route, item_of(number), slices, due, timeout_s)))
    return list(await asyncio.gather(*tasks))


async def _until(moment_s: float) -> None:
    """Let other tasks run until a monotonic moment; at least once."""
    while True:
        left = moment_s - time.monotonic()
        await asyncio.sleep(max(0.0, left))
        if time.monotonic() >= moment_s:
            return


def late_requests(observations: list[Observation]) -> tuple[int, float, float]:
    """How many requests the generator itself sent too late, its worst lateness, and the tolerance, s.

    Too late is more than 10 ms or a twentieth of the median service time, whichever is more.
    """
    if not observations:
        return 0, 0.0, _TOLERANCE_S
    tolerance = max(_TOLERANCE_S, 0.05 * float(np.median([o.service_s for o in observations])))
    lateness = [o.lateness_s for o in observations]
    return sum(late > tolerance for late in lateness), max(lateness), tolerance
