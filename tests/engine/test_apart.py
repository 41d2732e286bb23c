"""A process that has answered takes the next work; one that ended, or that nobody waits for, is replaced."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from functools import partial

import numpy as np
import pytest

from recon.engine.apart import Apart
from recon.errors import InternalError, InvalidRequest


def _refused() -> None:
    raise InvalidRequest("not this")


def _ends() -> None:
    os._exit(3)


def test_processes_stay_until_they_end_or_are_given_up() -> None:
    async def main() -> None:
        apart = Apart()
        try:
            first = await apart.run(os.getpid)
            made = await apart.run(partial(np.multiply, np.arange(1e5), 2))
            with pytest.raises(InvalidRequest, match="not this"):
                await apart.run(_refused)
            assert await apart.run(os.getpid) == first
            np.testing.assert_array_equal(made, 2 * np.arange(1e5))  # of a file that the work since then did not touch
            with pytest.raises(InternalError, match="ended with 3"):
                await apart.run(_ends)
            second = await apart.run(os.getpid)
            given_up = asyncio.create_task(apart.run(partial(time.sleep, 600)))
            await asyncio.sleep(0.05)
            given_up.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await given_up
            third = await apart.run(os.getpid)
            assert len({first, second, third, os.getpid()}) == 4
        finally:
            await apart.close()

    asyncio.run(main())
