"""The page of a node elsewhere, on this machine: requests are passed on with a token that the browser never sees."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from recon.doors.view.guard import TokenGuard
from recon.errors import InvalidRequest, ServiceUnavailable, UnreadableInput

#: Where a node has its page.
PLACE = "/reader/"
_TIMEOUT = httpx.Timeout(30.0, read=120.0)
_ASKED = ("accept", "content-type")
_ANSWERED = ("content-type", "content-disposition", "content-length", "cache-control")


def node_address(text: str) -> str | None:
    """Base URL of a node that is named by ``HOST:PORT`` or by its URL; None where the text is no address."""
    if re.fullmatch(r"https?://[^/?#]+(/reader)?/?", text):
        return text.rstrip("/").removesuffix("/reader")
    return f"http://{text}" if re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5}", text) else None


class Relay:
    """Passes requests on to a node's page.

    Parameters
    ----------
    node
        Base URL.
    token_file
        Holds a token of the node's; None where it asks for none.
    ca
        Who signs the node's certificate; None trusts whom this machine trusts.

    Raises
    ------
    UnreadableInput
        When the file of the token can't be read.
    """

    def __init__(self, node: str, token_file: Path | None, ca: Path | None) -> None:
        try:
            token = token_file.read_text().split() if token_file is not None else []
        except OSError as error:
            raise UnreadableInput(f"{token_file}: {error.strerror}") from error
        self.node, self._trusted = node, str(ca) if ca is not None else True
        self._headers = {"Authorization": f"Bearer {token[0]}"} if token else {}
        self._client: httpx.AsyncClient | None = None

    def check(self) -> None:
        """Ask whether the page is there and lets us in.

        Raises
        ------
        ServiceUnavailable
            When it can't be reached.
        InvalidRequest
            When the node wants a token, or another one, or is none of ours.
        """
        url = f"{self.node}{PLACE}api/revision"
        try:
            answer = httpx.get(url, headers=self._headers, verify=self._trusted, timeout=_TIMEOUT)
        except (httpx.HTTPError, OSError) as error:
            why = str(error) or type(error).__name__
            raise ServiceUnavailable(f"{self.node}: no node answers there ({why}); is its http port on?") from error
        if answer.status_code in (401, 403):
            raise InvalidRequest(f"{self.node}: asks for a token; name the node's http_tokens_file with --token-file")
        if answer.status_code != 200:
            raise InvalidRequest(f"{self.node}: has no page of recon's (status {answer.status_code})")

    def app(self, token: str, hosts: tuple[str, ...]) -> Starlette:
        """The page for this machine, behind a token of its own."""
        found = Starlette(middleware=[Middleware(TokenGuard, token=token, hosts=hosts)])
        found.mount("/", self)
        return found

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request with what the node answers."""
        response = await self._response(Request(scope, receive))
        await response(scope, receive, send)

    async def _response(self, request: Request) -> Response:
        self._client = self._client or httpx.AsyncClient(
            base_url=f"{self.node}{PLACE}", headers=self._headers, verify=self._trusted, timeout=_TIMEOUT
        )
        asked = self._client.build_request(
            request.method,
            request.url.path.lstrip("/"),
            params=str(request.query_params),
            headers={name: request.headers[name] for name in _ASKED if name in request.headers},
            content=await request.body(),
        )
        asked.headers["accept-encoding"] = "identity"
        try:
            answer = await self._client.send(asked, stream=True)
        except httpx.HTTPError:
            return JSONResponse({"problem": f"{self.node} does not answer; is the node running?", "field": ""}, 502)

        async def body() -> AsyncIterator[bytes]:
            try:
                async for part in answer.aiter_raw():
                    yield part
            finally:
                await answer.aclose()

        headers = {name: answer.headers[name] for name in _ANSWERED if name in answer.headers}
        return StreamingResponse(body(), answer.status_code, headers)
