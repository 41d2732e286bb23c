"""The service that a command talks to: a running one, or one of its own for as long as it lasts."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recon.client import Client, Tls
from recon.errors import MissingExtra, ServiceUnavailable

_READY = "recon is ready on "


@contextmanager
def connect(server: str | None, tls_ca: Path | None = None, wait_s: float = 15.0) -> Iterator[Client]:
    """A client of ``server``, or of a service that is started now and stopped afterwards.

    Raises
    ------
    ServiceUnavailable
        When there is no service at ``server``, or it can't be started.
    MissingExtra
        When one has to be started and ``recon[serve]`` is not installed.
    """
    if server is not None:
        with Client(server, Tls(authority=tls_ca) if tls_ca else None) as client:
            client.wait_ready(wait_s)
            yield client
        return
    with own_service() as address, Client(address) as client:
        client.wait_ready(wait_s)
        yield client


@contextmanager
def own_service(*options: str) -> Iterator[str]:
    """Start ``recon serve`` on a free loopback port; yields its address."""
    if importlib.util.find_spec("pytriton") is None:
        raise MissingExtra("no service to talk to: name a running one with --server HOST:PORT, or install recon[serve]")
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "recon.cli", "serve", "--listen", "127.0.0.1:0", *options],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,  # Ctrl-C ends the command, which then ends the service in order
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line.startswith(_READY):
                log.seek(0)
                words = log.read().strip().splitlines()
                raise ServiceUnavailable(f"the service did not start: {words[-1] if words else 'no output'}")
            yield line.removeprefix(_READY).strip()
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
