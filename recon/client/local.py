"""The client's calls without a service: engine and models in this process, no socket, no Triton.

The messages are those of the wire and the models the served ones, so that images, intervals and verdicts
are the service's to the bit where the runtime is the same.
"""

from __future__ import annotations

import asyncio
import threading
from importlib.util import find_spec
from pathlib import Path

from recon.client.in_process import EngineCalls
from recon.engine.catalogue import Catalogue
from recon.engine.host import Host, runs_here
from recon.engine.limits import Limits
from recon.engine.models import model_to_message
from recon.engine.repository import default_repository
from recon.engine.stream import StreamEngine
from recon.errors import MissingExtra, with_extra
from recon.v1 import models_pb2


class Local(EngineCalls):
    """Engine and models here; see :func:`recon.local`.

    Parameters
    ----------
    repository
        Folder of models as Triton takes it; by default that of this installation.

    Raises
    ------
    InvalidRequest
        When it holds no model.
    MissingExtra
        When the runtime of the models is not installed.
    """

    def __init__(self, repository: Path | None = None) -> None:
        if find_spec("openvino") is None:
            raise MissingExtra(
                with_extra("models can't run here; name a service to Client(HOST:PORT), or install it", "serve")
            )
        self._host = Host(repository or default_repository())
        catalogue = Catalogue(self._host)
        super().__init__(StreamEngine(self._host, catalogue, Limits()), catalogue, asyncio.new_event_loop())
        self._thread = threading.Thread(target=self._loop.run_forever, name="engine", daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(catalogue.refresh(), self._loop).result()

    def close(self) -> None:
        """Let go of models and threads; streams under way are cancelled."""
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(_cancel_all(), self._loop).result()
        asyncio.run_coroutine_threadsafe(self._engine.close(), self._loop).result()
        self._host.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def models(self, timeout_s: float = 10.0) -> list[models_pb2.Model]:
        """What the repository holds; ready is what runs without Triton."""
        return [model_to_message(model, ready=runs_here(model)) for model in self._catalogue.models]


async def _cancel_all() -> None:
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
