"""The node's one HTTP port: DICOMweb in and out, the readers' page, health, metrics; tokens for other machines."""

from __future__ import annotations

import hmac
import threading
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from recon.doors.node import qido, stow_in, wado
from recon.doors.node.config import NodeConfig
from recon.doors.node.inbox import Inbox
from recon.doors.node.ledger import Ledger
from recon.doors.node.metrics import exposition
from recon.doors.node.peers import TlsFiles, split_address
from recon.doors.node.reader import NodeResults
from recon.doors.node.releases import RESULTS, Releases
from recon.doors.node.space import Watermark
from recon.doors.node.tls import listener_context
from recon.doors.view.app import reader_app
from recon.doors.view.guard import LOOPBACK_NAMES, OwnNames
from recon.errors import InvalidRequest, ServiceUnavailable

ROOT = "/dicom-web"
READER = "/reader"


def application(config: NodeConfig, ledger: Ledger, inbox: Inbox, watermark: Watermark) -> Starlette:
    """What the port answers.

    Parameters
    ----------
    config
        Of the node.
    ledger
        Of the node.
    inbox
        Where stored objects go.
    watermark
        Whether there is room for more.

    Raises
    ------
    InvalidRequest
        When the file of tokens can't be read or is empty.
    """

    def health(request: Request) -> Response:
        room = watermark.room
        return JSONResponse({"status": "ok" if room else "no room on the disk"}, 200 if room else 503)

    def metrics(request: Request) -> Response:
        return PlainTextResponse(exposition(config, ledger), media_type="text/plain; version=0.0.4")

    routes: list[BaseRoute] = [Route("/health", health), Route("/metrics", metrics)]
    routes += stow_in.routes(ROOT, config, inbox)
    routes += qido.routes(ROOT, ledger)
    routes += wado.routes(ROOT, ledger)
    guards = []
    tokens = _tokens(config.http_tokens_file) if config.http_tokens_file is not None else []
    if not tokens:  # loopback alone; a browser on this machine must not be led here under a foreign name
        own = (*LOOPBACK_NAMES, *((split_address(config.http)[0],) if config.http else ()))
        guards.append(Middleware(OwnNames, hosts=own, remedy="give the node http_tokens_file to serve it under others"))
    if config.http_origins:  # in front of the tokens, since a browser asks first without one
        guards.append(
            Middleware(CORSMiddleware, allow_origins=config.http_origins, allow_headers=["*"], allow_methods=["GET"])
        )
    if tokens:
        guards.append(Middleware(_Tokens, tokens=tokens))
    (config.folder / RESULTS).mkdir(exist_ok=True)
    releases = Releases(ledger)
    source = NodeResults(ledger, releases)
    # the page asks for a token in its own way, since a browser sends no header by itself
    page = reader_app(source, token=tokens[0] if tokens else None, on_decision=releases.decided)
    routes.append(Mount(READER, page))
    return Starlette(routes=routes, middleware=guards)


class WebServer:
    """Serves an application on a thread of its own; it listens when the constructor returns.

    Parameters
    ----------
    app
        What to serve.
    address
        HOST:PORT.
    files
        For TLS; None listens in the clear.

    Raises
    ------
    ServiceUnavailable
        When the port can't be had.
    """

    def __init__(self, app: Starlette, address: str, files: TlsFiles | None = None) -> None:
        host, port = split_address(address)
        settings = uvicorn.Config(app, host=host, port=port, log_config=None, access_log=False, lifespan="off")
        if files is not None:
            settings.load()
            settings.ssl = listener_context(files)
        self._server = uvicorn.Server(settings)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise ServiceUnavailable(f"{address}: the port for HTTP can't be had; is something else on it?")
            self._thread.join(0.02)
        self.port = int(self._server.servers[0].sockets[0].getsockname()[1])

    def close(self) -> None:
        """Answer what is under way, then stop."""
        self._server.should_exit = True
        self._thread.join(10)


class _Tokens:
    """Lets in who shows one of the bearer tokens; health is open, and the readers' page asks by itself."""

    def __init__(self, app: ASGIApp, tokens: list[str]) -> None:
        self._app, self._tokens = app, tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] == "http" and path != "/health" and not path.startswith(f"{READER}/"):
            given = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
            if not any(hmac.compare_digest(given.encode(), f"Bearer {one}".encode()) for one in self._tokens):
                refusal = PlainTextResponse("a token is needed\n", 401, {"WWW-Authenticate": "Bearer"})
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _tokens(path: Path) -> list[str]:
    try:
        found = [line.strip() for line in path.read_text().splitlines() if line.strip()]
    except OSError as error:
        raise InvalidRequest(f"{path}: {error.strerror}") from error
    if not found:
        raise InvalidRequest(f"{path}: holds no token, so that nobody could come in")
    return found
