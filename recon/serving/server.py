"""The service as a whole: Triton, gateway, health, metrics; from start to drained."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import grpc
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from prometheus_client import start_http_server

from recon.backend.configuration import parameters_in
from recon.engine.catalogue import Catalogue
from recon.engine.repository import default_repository
from recon.engine.stream import StreamEngine
from recon.errors import InvalidRequest, ReconError, ServiceUnavailable
from recon.serving.allocator import SpareMemory
from recon.serving.guard import Guard
from recon.serving.latency import choose_by_latency
from recon.serving.metrics import READY, REGISTRY, RESTARTS, TRITON
from recon.serving.services import ModelService, service_names, task_handlers
from recon.serving.settings import Settings
from recon.serving.triton.client import TritonClient
from recon.serving.triton.private_memory import SHARED
from recon.serving.triton.process import EmbeddedTriton, TritonAddress
from recon.serving.triton.repository import models_in
from recon.serving.triton.scratch import make_scratch
from recon.serving.triton.stubs import memory_of
from recon.serving.tuning import Tuning, read_tunings
from recon.serving.workers import SERVING, HandedOn, Workers, require_free, shared
from recon.tasks.registry import task_of, tasks
from recon.v1 import models_pb2, models_pb2_grpc
from recon.wire.endpoint import check_authority, check_identity, checked_address

log = structlog.get_logger()

_MODELS = models_pb2.DESCRIPTOR.services_by_name["ModelService"].full_name
_START_S = 120.0
#: For streams to notice that they are cancelled, and for Triton to end.
_LEAVE_S = 20.0
#: Of a service that has never been ready; later Triton is started again without end.
_MOST_FAILED_STARTS = 2
_POLL_READY_S, _POLL_WAITING_S = 2.0, 0.1
_GRPC_OPTIONS = [
    ("grpc.max_receive_message_length", 5 * 1024 * 1024),
    ("grpc.max_send_message_length", 5 * 1024 * 1024),
    # a slice is one megabyte: the 64 KiB windows and 16 KiB frames that HTTP/2 starts with are too small
    ("grpc.http2.lookahead_bytes", 4 * 1024 * 1024),
    ("grpc.http2.max_frame_size", 1024 * 1024),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 5_000),
    # a client that tries again and again while Triton is away pings between calls: no offence
    ("grpc.keepalive_permit_without_calls", 1),
]


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
        self._handed, self.workers = handed, None if handed else _workers(settings)
        self.address = ""
        self.embedded: EmbeddedTriton | None = None
        for name in settings.latency_ms:
            task_of(name)  # an unknown one is refused before anything starts
        limits = settings.limits
        own = None if handed is None else handed.triton
        if own is not None:
            address = own
        elif settings.triton is None:
            repository = settings.repository or default_repository()
            wanted = models_of_tasks(repository, settings.tasks)
            tunings = _tunings(settings.tuning, repository)
            limits = limits.for_instances(max((tuning.instances for tuning in tunings), default=1))
            self.embedded = EmbeddedTriton(repository, self._triton_changed, wanted, tunings)
            address = self.embedded.address
        else:
            if settings.tuning:
                raise InvalidRequest("--tuning is for the embedded Triton; --triton names one with settings of its own")
            address = _address_of(settings)
        self.triton = TritonClient(address, limits.in_flight)
        self.triton.has_lost = self._has_lost
        self.catalogue = Catalogue(self.triton)
        whole = [
            task for task in tasks().values() if not task.slice_by_slice and task.name in (settings.tasks or tasks())
        ]
        modules = [type(task).__module__ for task in whole]
        self.engine = StreamEngine(self.triton, self.catalogue, limits, modules)
        self._works_on_series = bool(whole)
        self._services = (*service_names(tasks().values()), _MODELS)
        self._health = health.aio.HealthServicer()
        self._grpc = grpc.aio.server(
            options=[*_GRPC_OPTIONS, ("grpc.so_reuseport", int(settings.workers > 1))], interceptors=[Guard()]
        )
        self._monitor: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()

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
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._grpc)
        reflection.enable_server_reflection((*self._services, health.SERVICE_NAME, reflection.SERVICE_NAME), self._grpc)
        await self._report(False)
        self._loop = asyncio.get_running_loop()
        try:
            self.address = self._bind()
            self._serve_metrics()
            await self._grpc.start()
            if self.embedded:
                await self.embedded.start()
                self.triton.server.address = self.embedded.address  # known only now whether it is isolated
            if self._works_on_series:
                await self.engine.warm()
            self._monitor = asyncio.create_task(self._watch(), name="readiness")
            deadline = asyncio.get_running_loop().time() + _START_S
            while not self.catalogue.ready:
                if self.embedded and self.embedded.restarts >= _MOST_FAILED_STARTS:
                    words = self.embedded.last_words[-1] if self.embedded.last_words else "without a word"
                    raise ServiceUnavailable(f"Triton ended as it started: {words}")
                if asyncio.get_running_loop().time() > deadline:
                    raise ServiceUnavailable(f"{self._where()} was not ready within {_START_S:.0f} s")
                await asyncio.sleep(0.05)
            for task, (name, reason) in self._handed.preferred.items() if self._handed else ():
                self.catalogue.prefer(task, name, reason)
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
        await self._health.enter_graceful_shutdown()
        if self.workers is not None:
            self.workers.drain()
        await self._grpc.stop(self.settings.drain_s if drain_s is None else drain_s)
        if self._monitor:
            self._monitor.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._monitor
        if self.workers is not None:
            await self.workers.stop()
        await self.triton.close()
        await self.engine.close()
        if self.embedded:
            await self.embedded.stop()

    def _where(self) -> str:
        return "the embedded Triton" if self.embedded else f"the Triton at {self.settings.triton}"

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

    def _bind(self) -> str:
        listen, credentials = checked_address(self.settings.listen, "--listen"), self._credentials()
        if self.workers is not None:
            require_free(listen)
        try:
            if credentials is None:
                port = self._grpc.add_insecure_port(listen)
            else:
                port = self._grpc.add_secure_port(listen, credentials)
        except RuntimeError as error:
            raise InvalidRequest(f"can't listen on {listen}: the port is taken or not yours") from error
        return f"{listen.rpartition(':')[0]}:{port}"

    def _serve_metrics(self) -> None:
        if self.settings.metrics is None:
            return
        host, _, port = self.settings.metrics.rpartition(":")
        try:
            start_http_server(int(port), host or "127.0.0.1", registry=REGISTRY)
        except (OSError, ValueError, OverflowError) as error:
            raise InvalidRequest(f"can't serve metrics on {self.settings.metrics}: {error}") from error

    def _credentials(self) -> grpc.ServerCredentials | None:
        cert, key, authority = (
            _read(path) for path in (self.settings.tls_cert, self.settings.tls_key, self.settings.client_ca)
        )
        if cert is None and key is None and authority is None:
            return None
        if cert is None or key is None:
            raise InvalidRequest("--tls-cert and --tls-key belong together")
        check_identity(self.settings.tls_cert, self.settings.tls_key)
        check_authority(self.settings.client_ca)
        return grpc.ssl_server_credentials([(key, cert)], authority, authority is not None)

    def triton_ended(self) -> None:
        """Told by the first gateway."""
        self._triton_changed(False)

    def _triton_changed(self, running: bool) -> None:
        if not running:
            self.catalogue.lost()
            self.triton.server_restarted()
            if self.workers is not None:
                self.workers.triton_ended()
        elif self.workers is not None and self.workers.handed.exists():
            self._hand_on(self.workers.handed)  # it has another process
        self._wake.set()

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
        self._loop.call_soon_threadsafe(self._wake.set)
        return True

    async def _watch(self) -> None:
        """Keep health, metrics, models and the list of them true, and the memory small."""
        reported, spare = False, SpareMemory()
        while True:
            ready = False
            try:
                for name in await asyncio.to_thread(self.embedded.lost_models) if self.embedded else ():
                    await self.triton.replace(name)
                ready = await self.catalogue.refresh()
                if ready:
                    TRITON.latest = await self.triton.statistics()
            except Exception as error:  # whatever it is, the service must go on telling whether it is ready
                ready = False
                self.catalogue.lost()
                if not isinstance(error, ReconError):
                    log.exception("readiness_check_failed")
            RESTARTS.set(self.embedded.restarts if self.embedded else 0)
            if ready != reported:
                log.info("ready" if ready else "not_ready")
                await self._report(ready)
                reported = ready
            await asyncio.to_thread(spare.give_back)
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), _POLL_READY_S if ready else _POLL_WAITING_S)

    async def _report(self, ready: bool) -> None:
        READY.set(ready)
        state = health_pb2.HealthCheckResponse
        status = state.SERVING if ready else state.NOT_SERVING
        for service in ("", *self._services):
            await self._health.set(service, status)


def _workers(settings: Settings) -> Workers | None:
    if settings.workers == 1:
        return None
    return Workers(settings.workers - 1, make_scratch("recon-workers-") / "handed-on")


def _address_of(settings: Settings) -> TritonAddress:
    """A site's own Triton, as it was named."""
    assert settings.triton is not None
    url = checked_address(settings.triton, "--triton")
    local = url.rpartition(":")[0] in ("localhost", "127.0.0.1", "[::1]")
    check_authority(settings.triton_ca)
    token = _read(settings.triton_token_file)
    if token is not None and settings.triton_ca is None and not local:
        raise InvalidRequest("--triton-token-file needs --triton-ca: a token is not sent in the clear")
    headers = {} if token is None else {"authorization": f"Bearer {token.decode().strip()}"}
    return TritonAddress(url, headers, SHARED if local else None, settings.triton_ca)


def _read(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidRequest(f"can't read {path}: {error.strerror}") from error


def _tunings(paths: Sequence[Path], repository: Path) -> list[Tuning]:
    if not paths:
        return []
    folders = sorted(config.parent for config in repository.glob("*/config.pbtxt"))
    found = read_tunings(paths, [model for folder in folders for model in models_in(folder)], repository)
    for tuning in found:
        log.info("tuned", **asdict(tuning))
    return found


def models_of_tasks(repository: Path, tasks: Sequence[str]) -> list[str]:
    """Names of the models of a repository whose configuration names one of the tasks; no task means all.

    Raises
    ------
    InvalidRequest
        When there is no such model.
    """
    found = []
    for config in sorted(repository.glob("*/config.pbtxt")):
        if not tasks or parameters_in(config.parent).get("task") in tasks:
            found.append(config.parent.name)
    if not found:
        raise InvalidRequest(f"{repository} holds no model{' for ' * bool(tasks)}{', '.join(tasks)}")
    return found


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
    loop.add_signal_handler(signal.SIGUSR1, server.triton_ended)
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
