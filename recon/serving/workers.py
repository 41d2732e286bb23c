"""Further gateways behind the port of the first one, which owns Triton: the system spreads connections over them.

The first writes down, where nobody else can read, how Triton is reached and what it was told itself; each of the
others starts with that and keeps its own part of the bounds. One that ends is started again. Whichever of them a
stream comes back to goes on with it, since none keeps anything between streams.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from recon.errors import InvalidRequest, ServiceUnavailable
from recon.serving.settings import Settings
from recon.serving.triton.process import TritonAddress
from recon.serving.triton.stubs import stubs_of

log = structlog.get_logger()

#: What each gateway says on its standard output when it serves.
SERVING = "recon is ready on "
_AGAIN_S = 1.0


@dataclass(frozen=True)
class HandedOn:
    """What a further gateway is told.

    Attributes
    ----------
    settings
        Of the first gateway, with the address that it got.
    url, headers, memory
        Of Triton; None where the settings name one.
    pid
        Of that Triton.
    preferred
        By task, the model that the first gateway prefers, its version, and why.
    """

    settings: dict[str, Any]
    url: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    memory: str | None = None
    pid: int | None = None
    preferred: dict[str, tuple[str, str, str]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> HandedOn:
        """As :meth:`write` wrote it.

        Raises
        ------
        InvalidRequest
            When there is no such file, or it is another one.
        """
        try:
            return cls(**json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError) as error:
            raise InvalidRequest(f"{path} is not what a gateway hands on") from error

    def write(self, path: Path) -> None:
        """For this user alone."""
        new = path.with_suffix(".new")  # whoever reads finds this or what was there before, whole
        new.touch(mode=0o600)
        new.write_text(json.dumps(self.__dict__))
        new.replace(path)

    @property
    def triton(self) -> TritonAddress | None:
        """The Triton that was started; None where the settings name one."""
        if self.url is None:
            return None
        return TritonAddress(self.url, self.headers, None if self.memory is None else Path(self.memory))

    def lost(self, model: str) -> bool:
        """Whether no process of a model is left, which the first gateway then replaces; for a thread."""
        if self.pid is None or not Path(f"/proc/{self.pid}").exists():
            return False  # that Triton is gone altogether: what is known of its processes says nothing of the next
        return not stubs_of(self.pid)[model]


def shared(settings: Settings) -> Settings:
    """The settings of one gateway of several: bounds are those of all together."""
    count, limits = settings.workers, settings.limits
    part = {
        "most_streams": -(-limits.most_streams // count),
        "most_streams_of_peer": -(-limits.most_streams_of_peer // count),
        "most_bytes": limits.most_bytes // count,
    }
    return settings.model_copy(update={"limits": type(limits)(**{**limits.__dict__, **part})})


def require_free(listen: str) -> None:
    """Refuse an address that others of this user listen on, which the system would share with us.

    Raises
    ------
    InvalidRequest
        When it is taken, or is no address of a network.
    """
    if listen.startswith("unix:"):
        raise InvalidRequest("--workers needs an address of a network, HOST:PORT")
    host, _, port = listen.rpartition(":")
    try:
        kind, _, _, _, address = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)[0]
        with socket.socket(kind, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise InvalidRequest(f"can't listen on {listen}: the port is taken or not yours") from error


class Workers:
    """The further gateways.

    Parameters
    ----------
    count
        How many.
    handed
        File that each is started with, in a folder of its own that goes with them.
    """

    def __init__(self, count: int, handed: Path) -> None:
        self._count, self.handed = count, handed
        self._processes: dict[int, asyncio.subprocess.Process] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._stopping = False

    async def start(self) -> None:
        """Start them; returns when all serve.

        Raises
        ------
        ServiceUnavailable
            When one does not.
        """
        await asyncio.gather(*(self._spawn(number) for number in range(1, self._count + 1)))
        self._keepers = [asyncio.create_task(self._keep(number)) for number in self._processes]

    def triton_changed(self) -> None:
        """Tell them to read again how it is reached, and to forget what they had registered with it."""
        for process in self._processes.values():
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGUSR1)

    def drain(self) -> None:
        """Let them finish what is under way, and take no more."""
        self._stopping = True
        for process in self._processes.values():
            with contextlib.suppress(ProcessLookupError):
                process.terminate()

    async def stop(self) -> None:
        """Wait until they have ended."""
        self.drain()
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        await asyncio.gather(*(process.wait() for process in self._processes.values()))
        shutil.rmtree(self.handed.parent, ignore_errors=True)

    async def _spawn(self, number: int) -> None:
        parent = os.getpid()
        process = self._processes[number] = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "recon.cli",
            "serve",
            "--handed-on",
            str(self.handed),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            env=_environment(os.environ),
            preexec_fn=lambda: _end_with(parent),
        )
        assert process.stdout is not None
        line = await process.stdout.readline()
        if not line.startswith(SERVING.encode()):
            raise ServiceUnavailable(f"gateway {number} did not start; the log says why")

    async def _keep(self, number: int) -> None:
        """Start it again whenever it ends."""
        while True:
            status = await self._processes[number].wait()
            if self._stopping:
                return
            log.error("gateway_ended", number=number, exit_status=status, restart_in_s=_AGAIN_S)
            await asyncio.sleep(_AGAIN_S)
            if self._stopping:  # meanwhile
                return
            with contextlib.suppress(ServiceUnavailable, OSError):
                await self._spawn(number)


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Without settings: those are handed on."""
    return {key: value for key, value in environment.items() if not key.startswith("RECON_")}


def _end_with(parent: int) -> None:
    """In the child: Linux tells it to drain when the first gateway is gone."""
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # which would end it until it listens
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        os._exit(1)
