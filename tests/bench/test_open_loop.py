"""An open loop sends when it is due, whatever the server does."""

from __future__ import annotations

import asyncio
import time

import numpy as np

from recon.bench.closed_loop import closed_loop
from recon.bench.observation import Observation, Reply
from recon.bench.open_loop import late_requests, open_loop
from recon.bench.percentiles import percentile
from recon.bench.summary import most_in_flight
from tests.bench.waiting import Waiting, first


def test_requests_in_flight_are_not_bounded() -> None:
    async def run() -> list[Observation]:
        came, all_there = [], asyncio.Event()

        async def until_all_came(item: int, slices: int) -> Reply:
            came.append(item)
            if len(came) == 600:
                all_there.set()
            await all_there.wait()
            now = time.monotonic()
            return Reply(slices, [], now, now)

        return await open_loop(until_all_came, np.linspace(0.0, 0.2, 600), first, 1, 100)

    found = asyncio.run(run())
    assert [observation.status for observation in found] == ["OK"] * 600
    assert most_in_flight(found) == 600


def test_a_stall_shows_from_the_scheduled_moment() -> None:
    async def run() -> tuple[float, float]:
        moments = np.linspace(0.0, 1.5, 300)
        on_schedule = await open_loop(Waiting(0.001, (0.5, 1.0)), moments, first, 1, 5)
        closed = await closed_loop(Waiting(0.001, (0.05, 0.55)), 1, 300, first, 1, 5)
        return tuple(percentile([o.latency_s for o in found], 0.9).value or 0.0 for found in (on_schedule, closed))

    on_schedule, closed = asyncio.run(run())
    assert on_schedule > 0.3  # two thirds of the stall: a third of the callers wait, a tenth this long
    assert closed < 0.1  # the closed loop stopped asking


def test_a_generator_that_is_late_says_so() -> None:
    async def blocking(item: int, slices: int) -> Reply:
        time.sleep(0.05)  # noqa: ASYNC251  the generator's own thread is kept busy
        now = time.monotonic()
        return Reply(slices, [], now, now)

    found = asyncio.run(open_loop(blocking, np.linspace(0, 0.1, 20), first, 1, 5))
    late, worst, tolerance = late_requests(found)
    assert late > 5
    assert worst > tolerance
    # what the generator owes counts as latency all the same
    assert max(o.latency_s for o in found) > max(o.service_s for o in found)
