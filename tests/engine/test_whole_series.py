from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

from recon.engine.whole_series import WholeSeries


def test_work_on_a_whole_series_is_made_one_by_one_off_the_loop() -> None:
    made_on: set[str] = set()

    def works() -> Iterator[int]:
        for index in range(3):
            made_on.add(threading.current_thread().name)
            yield index

    async def run() -> list[int]:
        whole = WholeSeries(())
        try:
            return [work async for work in whole.each(works)]  # type: ignore[arg-type, misc]
        finally:
            await whole.close()

    assert asyncio.run(run()) == [0, 1, 2]
    assert made_on
    assert all(name.startswith("series") for name in made_on)
