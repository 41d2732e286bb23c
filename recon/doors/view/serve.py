"""The page on a port of its own, on this machine alone unless told otherwise."""

from __future__ import annotations

import ipaddress
import secrets
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from recon.doors.view.app import reader_app
from recon.doors.view.desk import OnDecision
from recon.doors.view.guard import LOOPBACK_NAMES
from recon.doors.view.sources import CaseSource
from recon.errors import InvalidRequest, OutputFailed


@dataclass(frozen=True)
class Listening:
    """Where the page is served.

    Attributes
    ----------
    host, port
        To listen on; port 0 takes a free one.
    tls_cert, tls_key
        PEM files; needed on every host that others can reach.
    """

    host: str = "127.0.0.1"
    port: int = 0
    tls_cert: Path | None = None
    tls_key: Path | None = None

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def listening(text: str, tls_cert: Path | None, tls_key: Path | None) -> Listening:
    """From ``HOST:PORT``.

    Raises
    ------
    InvalidRequest
        When that is no address, only one of the TLS files is named, or others could reach it without TLS.
    """
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise InvalidRequest(f"--listen {text}: HOST:PORT is needed, such as 127.0.0.1:8042")
    if (tls_cert is None) != (tls_key is None):
        raise InvalidRequest("--tls-cert and --tls-key belong together")
    found = Listening(host.strip("[]"), int(port), tls_cert, tls_key)
    if not found.loopback and tls_cert is None:
        raise InvalidRequest(f"--listen {text}: others can reach this, so it needs --tls-cert and --tls-key")
    return found


#: Makes the page for a token and the names that the server may be addressed by.
MakeApp = Callable[[str, tuple[str, ...]], ASGIApp]


def page_of(source: CaseSource, on_decision: OnDecision | None = None) -> MakeApp:
    """The readers' page over a source."""
    return lambda token, hosts: reader_app(source, token=token, hosts=hosts, on_decision=on_decision)


def serve(make: MakeApp, where: Listening) -> None:
    """Serve a page until SIGINT or SIGTERM; prints one line, with the whole address, when ready.

    Raises
    ------
    OutputFailed
        When the port can't be had.
    """
    token = secrets.token_urlsafe(24)
    hosts = LOOPBACK_NAMES if where.loopback else ()
    try:
        family = socket.AF_INET6 if ":" in where.host else socket.AF_INET
        listener = socket.create_server((where.host, where.port), family=family, backlog=64)
    except OSError as error:
        problem = f"{where.host}:{where.port}: can't listen there ({error.strerror or error}); choose another --listen"
        raise OutputFailed(problem) from error
    port = listener.getsockname()[1]
    config = uvicorn.Config(
        make(token, hosts),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
        ssl_certfile=where.tls_cert and str(where.tls_cert),
        ssl_keyfile=where.tls_key and str(where.tls_key),
    )
    shown = f"[{where.host}]" if ":" in where.host else where.host
    scheme = "https" if where.tls_cert else "http"
    with listener:
        server = uvicorn.Server(config)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)  # the server ends in order, then raises the signal again
        print(f"recon view is ready on {scheme}://{shown}:{port}/?token={token}", flush=True)
        server.run(sockets=[listener])
