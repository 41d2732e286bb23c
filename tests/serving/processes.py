"""A service as a process of its own, with everything it starts and leaves."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil

from recon.volumes import Geometry, Volume
from tests.conftest import body

#: Long enough to be interrupted.
SERIES = Volume(np.stack([body(128, 20, seed) for seed in range(3)] * 16), Geometry.from_spacing(0.7, 0.7, 3))


class Service:
    """A ``recon serve`` process and what it prints."""

    def __init__(self, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "recon.cli", "serve", "--no-tune", "--listen", "127.0.0.1:0", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.lines: list[dict[str, object]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        line = self.process.stdout.readline()
        self.address = line.rpartition(" ")[2].strip()
        self.family = {child.pid for child in psutil.Process(self.process.pid).children(recursive=True)}

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if line.startswith("{"):
                self.lines.append(json.loads(line))

    def triton(self) -> psutil.Process:
        children = psutil.Process(self.process.pid).children()
        return next(child for child in children if child.name().startswith("triton"))

    def wait_gone(self, seconds: float = 60) -> None:
        """Return when no process of this service is left."""
        deadline = time.monotonic() + seconds
        while any(psutil.pid_exists(pid) and is_alive(pid) for pid in {*self.family, self.process.pid}):
            assert time.monotonic() < deadline, "processes were left behind"
            time.sleep(0.1)

    def log(self, event: str) -> list[dict[str, object]]:
        return [line for line in self.lines if line.get("event") == event]


def is_alive(pid: int) -> bool:
    """Whether a process has not ended."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextmanager
def running(*options: str) -> Iterator[Service]:
    service = Service(*options)
    try:
        yield service
    finally:
        service.family |= {child.pid for child in psutil.Process(service.process.pid).children(recursive=True)}
        service.process.send_signal(signal.SIGTERM)
        try:
            service.process.wait(90)
        except subprocess.TimeoutExpired:
            service.process.kill()
        service.wait_gone()


def segments(service: Service) -> set[str]:
    """Shared memory of this service alone; others may run on this machine."""
    return {path.name for path in Path("/dev/shm").glob(f"recon_{service.process.pid}_*")}
