"""A fixed number of callers, each of whom sends the next request when the last one is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from recon.bench.observation import Observation, Route, observe


async def closed_loop(
    route: Route, concurrency: int, requests: int, item_of: Callable[[int], int], slices: int, timeout_s: float
) -> list[Observation]:
    """Send ``requests`` with ``concurrency`` of them in flight.

    A closed loop slows down with the server that it measures, so its latencies say nothing about callers
    who come at their own times; see :func:`recon.bench.open_loop.open_loop` for those.
    """
    numbers: Iterator[int] = iter(range(requests))
    found: list[Observation] = []

    async def caller() -> None:
        for number in numbers:
            found.append(await observe(route, item_of(number), slices, None, timeout_s))

    await asyncio.gather(*(caller() for _ in range(concurrency)))
    return found
