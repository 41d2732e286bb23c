"""The service that a command talks to: a running one, or one of its own for as long as it lasts."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from recon.client import Client, Tls
from recon.errors import InvalidRequest, MissingExtra, ServiceUnavailable, with_extra

_READY = "recon is ready on "


def tls_of(ca: Path | None, cert: Path | None, key: Path | None, running: object) -> Tls | None:
    """The files for an encrypted connection; None for one in the clear.

    Parameters
    ----------
    ca, cert, key
        As they were given.
    running
        The service that they are for; nothing where one is started here, which nobody else reaches.

    Raises
    ------
    InvalidRequest
        When half of them is missing, or they would encrypt nothing.
    """
    if (cert is None) != (key is None):
        raise InvalidRequest("--tls-cert and --tls-key belong together")
    tls = Tls(ca, cert, key) if ca or cert else None
    if tls is not None and not running:
        raise InvalidRequest("--tls-ca, --tls-cert and --tls-key are for a running service; name it with --server")
    return tls


@contextmanager
def connect(
    server: str | None, tls: Tls | None = None, wait_s: float = 15.0, tasks: Iterable[str] = ()
) -> Iterator[Client]:
    """A client of ``server``, or of a service that is started now, for these tasks, and stopped afterwards.

    Raises
    ------
    ServiceUnavailable
        When there is no service at ``server``, or it can't be started.
    MissingExtra
        When one has to be started and extra ``serve`` is not installed.
    """
    if server is not None:
        with Client(server, tls) as client:
            client.wait_ready(wait_s)
            yield client
        return
    options = [word for task in tasks for word in ("--task", task)]
    with own_service(*options) as address, Client(address) as client:
        client.wait_ready(wait_s)
        yield client


@contextmanager
def own_service(*options: str) -> Iterator[str]:
    """Start ``recon serve`` on a free loopback port; yields its address.

    It does not measure how its models run best: that may take longer than what it is needed for. However this
    process ends, also by SIGKILL, the service ends with it.
    """
    if importlib.util.find_spec("pytriton") is None:
        raise MissingExtra(
            with_extra("no service is here; name a running one with --server HOST:PORT, or install it", "serve")
        )
    parent = os.getpid()
    with _log() as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "recon.cli", "serve", "--listen", "127.0.0.1:0", "--no-tune", *options],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,  # Ctrl-C ends the command, which then ends the service in order
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            preexec_fn=lambda: _end_with(parent),
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line.startswith(_READY):
                process.wait(30)
                raise ServiceUnavailable(f"the service did not start: {_reason(log)}")
            yield line.removeprefix(_READY).strip()
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _log() -> IO[str]:
    """A file for the service's log, in any folder that takes one."""
    for folder in (None, "/var/tmp", "/dev/shm", "."):  # noqa: S108
        with contextlib.suppress(OSError):
            return tempfile.TemporaryFile("w+", dir=folder)
    raise ServiceUnavailable(f"no temporary folder can be written to, not even {tempfile.gettempdir()}; set TMPDIR")


def _reason(log: IO[str]) -> str:
    """Why it ended, in its own words, and where the whole log is kept."""
    log.seek(0)
    lines = log.read().strip().splitlines()
    said = [line.removeprefix("recon: ") for line in lines if line.startswith("recon: ")]
    words = (said or lines or ["no output"])[-1]
    kept = Path(f"recon-serve-{os.getpid()}.log")
    for folder in (Path(tempfile.gettempdir()), Path.cwd()):
        with contextlib.suppress(OSError):
            (folder / kept).write_text("\n".join(lines) + "\n")
            return f"{words} (its log: {folder / kept})"
    return words


def _end_with(parent: int) -> None:
    """In the child: Linux sends SIGTERM when the parent is gone, which makes the service drain and stop."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:  # it went before we could ask
        os._exit(1)
