"""A service process from its start until SIGTERM: serve, drain, leave."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from pathlib import Path

import structlog

from recon.serving.server import Server
from recon.serving.settings import Settings
from recon.serving.workers import SERVING, HandedOn

log = structlog.get_logger()

#: For streams to notice that they are cancelled, and for Triton to end.
_LEAVE_S = 20.0


async def run(settings: Settings, handed: Path | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then drain.

    Parameters
    ----------
    settings
        What was asked for.
    handed
        Of a further gateway behind a port: where the first one wrote what it is told.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    server = Server(settings, None if handed is None else HandedOn.read(handed))
    if handed is not None:
        loop.add_signal_handler(signal.SIGUSR1, server.told, handed)
    starting = asyncio.create_task(server.start())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await starting
        return
    stopping.cancel() if starting.exception() else None
    await starting
    print(f"{SERVING}{server.address}", flush=True)
    await stop.wait()
    log.info("draining")
    leave_after(settings.drain_s + _LEAVE_S)
    await server.stop()


def leave_after(seconds: float) -> None:
    """End this process, whatever still runs in it; Triton ends with it."""

    def leave() -> None:
        log.warning("left", after_s=seconds, meaning="something could not be stopped")
        os._exit(0)

    timer = threading.Timer(seconds, leave)
    timer.daemon = True
    timer.start()
