"""Starts the embedded Triton, keeps it running, and leaves nothing behind.

That Triton has published vulnerabilities, so nothing but this process can reach it: no TCP port at
all, only a Unix socket in a folder that belongs to this user alone, HTTP and metrics off, every gRPC
protocol behind a random key, and its shared memory where other users can't look.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import secrets
import shutil
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from recon.errors import ServiceUnavailable
from recon.serving.triton import private_memory
from recon.serving.triton.install import TritonInstall, prepare_install
from recon.serving.triton.reaper import Reaper
from recon.serving.triton.repository import plain_repository, tuned_repository
from recon.serving.triton.scratch import TEMPORARY, is_writable, make_scratch
from recon.serving.triton.stubs import stubs_of
from recon.serving.triton.triton_log import forward
from recon.serving.tuning import Tuning

_PROTOCOLS = "health,metadata,inference,shared-memory,model-config,model-repository,statistics,trace,logging"
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 30.0
_STABLE_S = 60.0
_LOG_S = 2.0

log = structlog.get_logger()


@dataclass(frozen=True)
class TritonAddress:
    """How to reach a Triton.

    Attributes
    ----------
    url
        For gRPC.
    headers
        Metadata that every call must carry.
    shared_memory
        Folder that is its ``/dev/shm`` as seen from here; None where it is on another host.
    authority
        Certificates (PEM) by which an encrypted connection is checked; None connects in the clear.
    """

    url: str
    headers: dict[str, str]
    shared_memory: Path | None
    authority: Path | None = None


class EmbeddedTriton:
    """A supervised Triton process.

    Parameters
    ----------
    repository
        Model repository.
    models
        Those to load; all by default.
    tunings
        Settings of this machine.
    on_change
        Called with False when the server is gone and with True when its process runs again
        (which is not yet to say that it is ready).
    """

    def __init__(
        self,
        repository: Path,
        on_change: Callable[[bool], None] = lambda _: None,
        models: Sequence[str] = (),
        tunings: Sequence[Tuning] = (),
        gpu: bool = False,
    ) -> None:
        self._loading = [f"--load-model={name}" for name in models]
        if models:
            self._loading.insert(0, "--model-control-mode=explicit")
        self.restarts = 0
        self._on_change = on_change
        self._folder = make_scratch()
        try:
            plain = plain_repository(repository.resolve(), self._folder / "repository")
            self.repository = tuned_repository(plain, self._folder / "models", tunings, gpu=gpu)
        except BaseException:  # nobody will stop what was never made
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        self._tag = f"recon_{os.getpid()}_{secrets.token_hex(4)}"
        self._memory = private_memory.SHARED / self._tag
        self._scratch_before: set[Path] = set()
        self.isolated = True
        self._reaper = Reaper(self._folder, self._memory)
        self._key = secrets.token_urlsafe(32)
        self._process: asyncio.subprocess.Process | None = None
        self._log: asyncio.Task[list[str]] | None = None
        self._watch: asyncio.Task[None] | None = None
        self.last_words: list[str] = []
        self._most_stubs: Counter[str] = Counter()
        self._counting = threading.Lock()

    @property
    def address(self) -> TritonAddress:
        """How the gateway reaches this server."""
        return TritonAddress(
            f"unix:{self._folder}/triton:1",
            {"triton-grpc-protocol-recon": self._key},
            self._memory if self.isolated else private_memory.SHARED,
        )

    @property
    def pid(self) -> int | None:
        """Process id, or None while it is down."""
        return self._process.pid if self._process and self._process.returncode is None else None

    def lost_models(self) -> set[str]:
        """Models of which a process has ended since they were loaded; reads ``/proc``: for a thread."""
        pid = self.pid
        if pid is None:
            return set()
        there = stubs_of(pid)
        with self._counting:
            if pid != self.pid:  # another one was started meanwhile
                return set()
            self._most_stubs |= there
            return {name for name, most in self._most_stubs.items() if there[name] < most}

    def kill(self) -> None:
        """End the process, whatever it does; it is started again."""
        if self._process and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def start(self) -> None:
        """Launch the server and the task that restarts it when it dies."""
        install = prepare_install(self._folder)
        await self._reaper.start()
        await self._launch(install)
        self._watch = asyncio.create_task(self._supervise(install), name="triton-supervisor")

    async def stop(self, grace_s: float = 10.0) -> None:
        """End the server and remove its socket, its folder and its shared memory."""
        if self._watch:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        process = self._process
        if process and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), grace_s)
            except TimeoutError:
                log.warning("triton_killed", after_s=grace_s)
        self._sweep()
        await self._last_words()
        await self._reaper.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _launch(self, install: TritonInstall) -> None:
        """Start the process, in a namespace of its own where the system allows it."""
        self._memory.mkdir(mode=0o700, exist_ok=True)
        self._scratch_before = set(TEMPORARY.glob("python_env_*"))
        if self.isolated:
            try:
                return await self._execute(install, self._memory)
            except (OSError, subprocess.SubprocessError) as error:
                log.warning("not_isolated", why=str(error), meaning="other local users may see Triton's memory")
                self.isolated = False
        await self._execute(install, None)

    async def _execute(self, install: TritonInstall, memory: Path | None) -> None:
        with contextlib.suppress(FileNotFoundError):
            (self._folder / "triton:1").unlink()
        # a pipe of our own: asyncio's may keep wait() from returning while any child holds it open
        readable, writable = os.pipe()
        self._log = asyncio.create_task(forward(readable), name="triton-log")
        try:
            process = await self._spawn(install, memory, writable)
            with self._counting:  # of another process nothing counts
                self._process = process
                self._most_stubs.clear()
        finally:
            os.close(writable)
        await self._reaper.watch(process.pid)
        self._on_change(True)

    async def _spawn(self, install: TritonInstall, memory: Path | None, stderr: int) -> asyncio.subprocess.Process:
        temporary = None
        if not is_writable(TEMPORARY):
            if memory is None:
                raise ServiceUnavailable(f"{TEMPORARY} can't be written to, and the embedded Triton needs it")
            temporary = self._folder / "tmp"
            temporary.mkdir(exist_ok=True)
        return await asyncio.create_subprocess_exec(
            str(install.binary),
            f"--model-repository={self.repository}",
            f"--backend-directory={install.backends}",
            "--disable-auto-complete-config",
            "--allow-http=false",
            "--allow-metrics=false",
            "--allow-grpc=true",
            f"--grpc-address=unix:{self._folder}/triton",
            "--grpc-port=1",
            f"--grpc-restricted-protocol={_PROTOCOLS}:recon={self._key}",
            f"--backend-config=python,shm-region-prefix-name={self._tag}",
            "--exit-timeout-secs=5",
            "--strict-readiness=false",  # one model that is away makes the others no less ready
            *self._loading,
            env=install.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=stderr,
            start_new_session=True,
            umask=0o077,
            preexec_fn=lambda: _before_execution(memory, temporary),
        )

    async def _supervise(self, install: TritonInstall) -> None:
        wait = _FIRST_WAIT_S
        loop = asyncio.get_running_loop()
        while True:
            assert self._process is not None
            began = loop.time()
            status = await self._process.wait()
            self._on_change(False)
            self._sweep()  # first, since a stub that hangs would hold the log open
            tail = self.last_words = await self._last_words()
            if loop.time() - began > _STABLE_S:
                wait = _FIRST_WAIT_S
            log.error("triton_died", exit_status=status, restart_in_s=wait, last_words=tail)
            while True:
                await asyncio.sleep(wait)
                wait = min(2 * wait, _LONGEST_WAIT_S)
                self.restarts += 1
                try:
                    await self._launch(install)
                except Exception:  # no memory, no file handles: later there may be some again
                    log.exception("restart_failed", next_try_in_s=wait)
                else:
                    break

    async def _last_words(self) -> list[str]:
        """The last error lines of a Triton that has died."""
        if self._log is None:
            return []
        done, _ = await asyncio.wait({self._log}, timeout=_LOG_S)
        if not done:
            self._log.cancel()
            return []
        return [] if self._log.cancelled() or self._log.exception() else self._log.result()

    def _sweep(self) -> None:
        """Kill what the server started and unlink its shared memory."""
        if self._process:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        shutil.rmtree(self._memory, ignore_errors=True)
        for folder in set(TEMPORARY.glob("python_env_*")) - self._scratch_before:
            with contextlib.suppress(OSError):  # not empty or not ours
                folder.rmdir()
        for segment in private_memory.SHARED.glob(f"{self._tag}*"):
            with contextlib.suppress(FileNotFoundError):
                segment.unlink()


def _before_execution(memory: Path | None, temporary: Path | None) -> None:
    """In the child: hide its shared memory, and ask Linux to end it when the gateway is killed."""
    if memory is not None:
        private_memory.enter(memory, {} if temporary is None else {temporary: TEMPORARY})
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
