"""A route that is no server at all."""

from __future__ import annotations

import asyncio
import time

from recon.bench.observation import Reply


class Waiting:
    """Answers after a while; between two moments it does not answer at all."""

    def __init__(self, delay_s: float, stall: tuple[float, float] = (0, 0)) -> None:
        self.delay_s, self.stall, self.start = delay_s, stall, time.monotonic()

    async def __call__(self, item: int, slices: int) -> Reply:
        since = time.monotonic() - self.start
        if self.stall[0] <= since < self.stall[1]:
            await asyncio.sleep(self.stall[1] - since)
        await asyncio.sleep(self.delay_s)
        now = time.monotonic()
        return Reply(slices, [bytes([item])], now, now)


def first(number: int) -> int:
    return number % 3
