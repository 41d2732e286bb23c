"""Whether the service can do what it is asked: watched, told by health and metrics, mended where that is possible."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence

import grpc
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from recon.engine.catalogue import Catalogue
from recon.errors import ReconError, ServiceUnavailable
from recon.serving.allocator import SpareMemory
from recon.serving.metrics import READY, RESTARTS, TRITON
from recon.serving.replacing import Replacing
from recon.serving.triton.client import TritonClient
from recon.serving.triton.process import EmbeddedTriton
from recon.serving.unanswered import Unanswered

log = structlog.get_logger()

_START_S = 120.0
#: Of a service that has never been ready; later Triton is started again without end.
_MOST_FAILED_STARTS = 2
_POLL_READY_S, _POLL_WAITING_S = 2.0, 0.1


class Readiness:
    """Keeps health, metrics, models and the list of them true, and the memory small.

    Parameters
    ----------
    services
        Names that health answers for, beside the whole.
    triton, catalogue
        What is watched.
    embedded
        The Triton of this process; None where it is another's.
    """

    def __init__(
        self, services: Sequence[str], triton: TritonClient, catalogue: Catalogue, embedded: EmbeddedTriton | None
    ) -> None:
        self._services, self._triton, self._catalogue, self._embedded = services, triton, catalogue, embedded
        self._health = health.aio.HealthServicer()
        self._wake = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self._replacing, self._unanswered = Replacing(triton), Unanswered()
        self._was_ready: int | None = None  # the process that once was

    async def offer(self, server: grpc.aio.Server) -> None:
        """Let a server answer questions about health; nothing is ready so far."""
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        await self._report(False)

    async def begin(self) -> None:
        """Watch from now on; returns when the models answer.

        Raises
        ------
        ServiceUnavailable
            When they do not come up.
        """
        self._watching = asyncio.create_task(self._watch(), name="readiness")
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _START_S
        if self._embedded is None:
            log.info("waiting_for_triton", address=self._triton.server.address.url, at_most_s=_START_S)
        while not self._catalogue.ready:
            if self._embedded and self._embedded.restarts >= _MOST_FAILED_STARTS:
                words = self._embedded.last_words[-1] if self._embedded.last_words else "without a word"
                raise ServiceUnavailable(f"Triton ended as it started: {words}")
            if loop.time() > deadline:
                where = "the embedded Triton" if self._embedded else f"the Triton at {self._triton.server.address.url}"
                raise ServiceUnavailable(f"{where} was not ready within {_START_S:.0f} s")
            await asyncio.sleep(0.05)

    def look(self) -> None:
        """Something has changed: look now."""
        self._wake.set()

    async def leave(self) -> None:
        """Say from now on that nothing more is taken."""
        await self._health.enter_graceful_shutdown()

    async def end(self) -> None:
        """Stop watching."""
        if self._watching:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching

    async def _watch(self) -> None:
        reported, spare = False, SpareMemory()
        while True:
            ready = await self._look()
            RESTARTS.set(self._embedded.restarts if self._embedded else 0)
            if ready != reported:
                log.info("ready" if ready else "not_ready")
                await self._report(ready)
                reported = ready
                if not ready and self._embedded is None:
                    self._triton.server_in_doubt()
            await asyncio.to_thread(spare.give_back)
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), _POLL_READY_S if ready else _POLL_WAITING_S)

    async def _look(self) -> bool:
        """Mend what can be mended, and ask; returns whether it is ready."""
        began = None
        try:
            if self._embedded is not None:
                await self._replacing.replace(await asyncio.to_thread(self._embedded.lost_models))
            began = time.monotonic()
            ready = await self._catalogue.refresh()
            if ready:
                TRITON.latest = await self._triton.statistics()
        except Exception as error:  # whatever it is, the service must go on telling whether it is ready
            ready = False
            self._catalogue.lost()
            if not isinstance(error, ReconError):
                log.exception("readiness_check_failed")
        pid = self._embedded.pid if self._embedded else None
        if ready:
            self._unanswered.broken()
            self._was_ready = pid
        elif self._embedded is not None and pid != self._was_ready:  # it is down, or loads its models so far
            self._unanswered.broken()
            self._replacing.forget()
        elif began is not None and self._unanswered.lasts(time.monotonic() - began + _POLL_WAITING_S):
            await self._end_silence()
        return ready

    async def _end_silence(self) -> None:
        """Of a Triton that hangs, or of a connection that was lost without a word."""
        if self._embedded is not None:
            log.error("triton_hangs", meaning="it is ended and started again")
            self._embedded.kill()
        else:
            log.warning("triton_silent", meaning="the connection is made anew")
            await self._triton.reconnect()

    async def _report(self, ready: bool) -> None:
        READY.set(ready)
        state = health_pb2.HealthCheckResponse
        status = state.SERVING if ready else state.NOT_SERVING
        for service in ("", *self._services):
            await self._health.set(service, status)
