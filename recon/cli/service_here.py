"""The whole service in this process: what a door needs that is to be a peer of its engine."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from recon.client.in_process import EngineCalls
from recon.errors import MissingExtra, with_extra

if TYPE_CHECKING:
    from recon.serving.server import Server
    from recon.serving.settings import Settings

_SWITCH_S = 0.0005


class ServiceHere(EngineCalls):
    """Its calls.

    Attributes
    ----------
    address
        At which the same service answers gRPC.
    """

    address = ""


@contextmanager
def service_here(tasks: Iterable[str], repository: Path | None = None) -> Iterator[ServiceHere]:
    """Start gateway and Triton on a thread of this process, and stop them afterwards.

    Parameters
    ----------
    tasks
        Whose models are loaded.
    repository
        Of the models; by default that of this installation.

    Raises
    ------
    MissingExtra
        When extra ``serve`` is not installed.
    ServiceUnavailable
        When the models do not come up.
    """
    if importlib.util.find_spec("pytriton") is None:
        raise MissingExtra(
            with_extra("no service is here; name a running one with --server HOST:PORT, or install it", "serve")
        )
    from recon.serving.allocator import keep_memory
    from recon.serving.logs import log_to_stderr
    from recon.serving.settings import settings_of

    log_to_stderr(logging.WARNING)
    keep_memory()
    sys.setswitchinterval(_SWITCH_S)  # a thread that works on a slice must not hold up the others for long
    settings = settings_of({"listen": "127.0.0.1:0", "tasks": tuple(tasks), "repository": repository})
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="service", daemon=True)
    thread.start()
    try:
        server = asyncio.run_coroutine_threadsafe(_started(settings), loop).result()
        try:
            here = ServiceHere(server.engine, server.catalogue, loop)
            here.address = server.address
            yield here
        finally:
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _started(settings: Settings) -> Server:
    from recon.serving.server import Server

    server = Server(settings)
    await server.start()
    return server
