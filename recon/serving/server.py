"""The service as a whole: Triton, gateway, health, metrics; from start to drained."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from grpc_health.v1 import health
from grpc_reflection.v1alpha import reflection

from recon.engine.catalogue import Catalogue
from recon.engine.repository import default_repository
from recon.engine.stream import StreamEngine
from recon.errors import InvalidRequest
from recon.serving.latency import choose_by_latency
from recon.serving.listening import bind, guarded_server, serve_metrics
from recon.serving.readiness import Readiness
from recon.serving.services import ModelService, service_names, task_handlers
from recon.serving.settings import Settings
from recon.serving.traces import provider_to, traced_by
from recon.serving.triton.client import TritonClient
from recon.serving.triton.device import on_gpu
from recon.serving.triton.elsewhere import address_of
from recon.serving.triton.process import EmbeddedTriton
from recon.serving.triton.repository import models_of_tasks, tunings_of
from recon.serving.triton.scratch import make_scratch
from recon.serving.triton.stubs import memory_of
from recon.serving.workers import HandedOn, Workers, require_free, shared
from recon.tasks.registry import task_of, tasks
from recon.v1 import models_pb2, models_pb2_grpc
from recon.wire.endpoint import checked_address

_MODELS = models_pb2.DESCRIPTOR.services_by_name["ModelService"].full_name


class Server:
    """A running service.

    Parameters
    ----------
    settings
        What was asked for.
    handed
        Of a further gateway behind a port: what the first one told it.
    """

    def __init__(self, settings: Settings, handed: HandedOn | None = None) -> None:
        self.settings = settings = settings if handed else shared(settings)
        self._handed = handed
        self.workers: Workers | None = None  # with the start, since it has a folder
        self.address = ""
        self.embedded: EmbeddedTriton | None = None
        for name in settings.latency_ms:
            task_of(name)  # what can be refused is, before anything starts or has a folder
        self._spans = None if settings.traces is None else provider_to(settings.traces)
        limits = settings.limits
        own = None if handed is None else handed.triton
        if own is not None:
            address = own
        elif settings.triton is None:
            repository = settings.repository or default_repository()
            wanted = models_of_tasks(repository, settings.tasks)
            tunings = tunings_of(settings.tuning, repository)
            limits = limits.for_instances(max((tuning.instances for tuning in tunings), default=1))
            self.settings = settings.model_copy(update={"limits": limits})  # further gateways are told them
            gpu = on_gpu(settings.device, tuned=bool(tunings))
            self.embedded = EmbeddedTriton(repository, self._triton_changed, wanted, tunings, gpu)
            address = self.embedded.address
        else:
            address = address_of(settings)
        self.triton = TritonClient(address, limits.in_flight)
        self.triton.has_lost = self._has_lost
        self.catalogue = Catalogue(self.triton)
        whole = [
            task for task in tasks().values() if not task.slice_by_slice and task.name in (settings.tasks or tasks())
        ]
        modules = [type(task).__module__ for task in whole]
        traced = None if self._spans is None else traced_by(self._spans)
        self.engine = StreamEngine(self.triton, self.catalogue, limits, modules, traced)
        self._works_on_series = bool(whole)
        self._services = (*service_names(tasks().values()), _MODELS)
        self._readiness = Readiness(self._services, self.triton, self.catalogue, self.embedded)
        self._grpc = guarded_server(shared_port=settings.workers > 1)

    async def start(self) -> None:
        """Bind the port, start Triton, and return when the models answer.

        Raises
        ------
        InvalidRequest
            When the address can't be bound or the TLS files do not fit.
        ServiceUnavailable
            When the models do not come up.
        """
        self._grpc.add_generic_rpc_handlers(tuple(task_handlers(self.engine, tasks().values())))
        models_pb2_grpc.add_ModelServiceServicer_to_server(
            ModelService(self.triton, self.catalogue, self._memory), self._grpc
        )
        await self._readiness.offer(self._grpc)
        reflection.enable_server_reflection((*self._services, health.SERVICE_NAME, reflection.SERVICE_NAME), self._grpc)
        self._loop = asyncio.get_running_loop()
        try:
            if self._handed is None and self.settings.workers > 1:
                require_free(checked_address(self.settings.listen, "--listen"))
                self.workers = Workers(self.settings.workers - 1, make_scratch("recon-workers-") / "handed-on")
            self.address = bind(self._grpc, self.settings)
            if self.settings.metrics is not None:
                serve_metrics(self.settings.metrics)
            await self._grpc.start()
            if self.embedded:
                await self.embedded.start()
            if self._works_on_series:
                await self.engine.warm()
            await self._readiness.begin()
            for task, chosen in self._handed.preferred.items() if self._handed else ():
                self.catalogue.prefer(task, *chosen)
            for name, limit_ms in self.settings.latency_ms.items() if self._handed is None else ():
                await choose_by_latency(self.triton, self.catalogue, task_of(name), limit_ms)
            if self.workers is not None:
                self._hand_on(self.workers.handed)
                await self.workers.start()
        except BaseException:
            await self.stop(0.0)
            raise

    async def stop(self, drain_s: float | None = None) -> None:
        """Refuse new requests, finish those under way, end Triton."""
        await self._readiness.leave()
        if self.workers is not None:
            self.workers.drain()
        await self._grpc.stop(self.settings.drain_s if drain_s is None else drain_s)
        await self._readiness.end()
        if self.workers is not None:
            await self.workers.stop()
        await self.triton.close()
        await self.engine.close()
        if self._spans is not None:
            await asyncio.to_thread(self._spans.shutdown)
        if self.embedded:
            await self.embedded.stop()

    def _hand_on(self, path: Path) -> None:
        """Write down what the further gateways are told."""
        settings = self.settings.model_copy(update={"listen": self.address, "metrics": None}).model_dump(mode="json")
        preferred = {name: found for name in tasks() if (found := self.catalogue.preferred(name))[0]}
        if self.embedded is None:
            HandedOn(settings, preferred=preferred).write(path)
            return
        address = self.embedded.address
        memory = None if address.shared_memory is None else str(address.shared_memory)
        HandedOn(settings, address.url, address.headers, memory, self.embedded.pid, preferred).write(path)

    def told(self, path: Path) -> None:
        """By the first gateway: Triton has ended, or runs again; the file says how it is reached now."""
        with contextlib.suppress(InvalidRequest):  # the first one is leaving
            self._handed = HandedOn.read(path)
            self.triton.server.address = self._handed.triton or self.triton.server.address
        self._triton_changed(False)

    def _triton_changed(self, running: bool) -> None:
        if running and self.embedded is not None:
            self.triton.server.address = self.embedded.address  # known only now whether it is isolated
        if running and self.workers is not None and self.workers.handed.exists():
            self._hand_on(self.workers.handed)  # it has another process
        if not running:
            self.catalogue.lost()
            self.triton.server_restarted()
        if self.workers is not None:
            self.workers.triton_changed()
        self._readiness.look()

    def _memory(self) -> dict[str, int]:
        """On a thread: bytes that each model holds; nothing of a Triton elsewhere."""
        pid = self.embedded.pid if self.embedded else self._handed.pid if self._handed else None
        return {} if pid is None else dict(memory_of(pid))

    def _has_lost(self, host: str) -> bool:
        """On a thread: whether a process of a model has ended, which then is replaced soon."""
        if self._handed is not None:
            return self._handed.lost(host)
        if self.embedded is None or host not in self.embedded.lost_models():
            return False
        self._loop.call_soon_threadsafe(self._readiness.look)
        return True
