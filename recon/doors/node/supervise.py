"""A process for each part, started again when it ends: what kills one doesn't reach the others."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence

from recon.doors.node.logs import log

_AGAIN_AFTER_S = 1.0
_PATIENCE_S = 30.0
_PR_SET_PDEATHSIG = 1


def supervise(commands: Mapping[str, Sequence[str]], stop: threading.Event) -> None:
    """Keep processes running until ``stop`` is set; then end them in order.

    Parameters
    ----------
    commands
        Of each part, by its name.
    stop
        Set from outside.
    """
    parent = os.getpid()

    def start(name: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(list(commands[name]), preexec_fn=lambda: _end_with(parent))
        log("started", part=name, pid=process.pid)
        return process

    running = {name: start(name) for name in commands}
    again: dict[str, float] = {}
    while not stop.wait(0.1):
        for name, process in running.items():
            if process.poll() is None:
                continue
            if name not in again:
                log("ended", part=name, pid=process.pid, why=f"exit status {process.returncode}")
                again[name] = time.monotonic() + _AGAIN_AFTER_S
            elif time.monotonic() >= again[name]:
                del again[name]
                running[name] = start(name)
    for process in running.values():
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + _PATIENCE_S
    for process in running.values():
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _end_with(parent: int) -> None:
    """In the child: Linux ends it when the parent is gone."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it went before we could ask
        os._exit(1)
