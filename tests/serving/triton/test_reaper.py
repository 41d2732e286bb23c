"""What a gateway that was killed leaves behind is ended, however it feels about that."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from recon.serving.triton.reaper import Reaper

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('x', flush=True); time.sleep(600)"


def test_a_group_that_ignores_sigterm_is_killed_when_the_pipe_closes(tmp_path: Path) -> None:
    folder = tmp_path / "private"
    folder.mkdir()
    stubborn = subprocess.Popen(
        [sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, start_new_session=True, text=True
    )
    assert stubborn.stdout is not None
    stubborn.stdout.readline()

    async def gateway() -> None:
        reaper = Reaper(folder)
        await reaper.start()
        await reaper.watch(stubborn.pid)
        assert reaper._process is not None
        assert reaper._process.stdin is not None
        reaper._process.stdin.close()  # as when the gateway is gone
        await asyncio.wait_for(reaper._process.wait(), 60)

    asyncio.run(gateway())
    assert stubborn.wait(5) == -signal.SIGKILL
    assert not folder.exists()


def test_a_gateway_that_stops_in_order_kills_nothing(tmp_path: Path) -> None:
    innocent = subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, start_new_session=True)

    async def gateway() -> None:
        reaper = Reaper(tmp_path / "none")
        await reaper.start()
        await reaper.watch(innocent.pid)
        await reaper.stop()

    asyncio.run(gateway())
    time.sleep(0.2)
    assert psutil.Process(innocent.pid).is_running()
    os.kill(innocent.pid, signal.SIGKILL)
    innocent.wait(5)
