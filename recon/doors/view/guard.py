"""Who may see the page: whoever was given the token, under this host's own names; what the browser may do with it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self' data:; "
    "font-src 'self' data:; worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_ASK = "recon: this page needs the whole address that `recon view` printed, with its token\n"
#: By which a server on loopback is addressed.
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")


class OwnNames:
    """Serves nothing under a foreign name: else a page from elsewhere could point its own name here and read along.

    Parameters
    ----------
    app
        What is guarded.
    hosts
        Names by which the server may be addressed.
    remedy
        What a person behind a name of their own can do.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str], remedy: str = "") -> None:
        self._app, self._hosts, self._remedy = app, frozenset(hosts), remedy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and _foreign(Headers(scope=scope).get("host", ""), self._hosts):
            await _misdirected(self._remedy)(scope, receive, send)
            return
        await self._app(scope, receive, send)


class TokenGuard:
    """Lets nobody in without the token, and tells the browser to load nothing from elsewhere.

    The token comes once, in the address; a cookie that no script can read keeps it afterwards, so that it does not
    stay in the address bar. Requests that change something must come from the page itself.

    Parameters
    ----------
    app
        What is guarded.
    token
        None where something in front has asked already who it is.
    hosts
        Names by which the server may be addressed, so that no foreign name can be pointed at it; empty allows all.
    """

    def __init__(self, app: ASGIApp, token: str | None, hosts: Iterable[str] = ()) -> None:
        self._app, self._token, self._hosts = app, token, frozenset(hosts)
        # cookies don't tell ports apart: two pages on one host must not take each other's
        self._cookie = f"recon_{hashlib.sha256((token or '').encode()).hexdigest()[:12]}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refused = self._refused(scope)
        if refused is not None:
            await refused(scope, receive, self._closed(scope, send))
            return
        await self._app(scope, receive, self._closed(scope, send))

    def _refused(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self._hosts and _foreign(host, self._hosts):
            return _misdirected()
        origin = headers.get("origin")
        changes = scope["method"] not in ("GET", "HEAD")
        if changes and origin is not None and urlsplit(origin).netloc != host:
            return PlainTextResponse("recon: only the page itself may change something\n", 403)
        if changes and not headers.get("content-type", "").startswith("application/json"):
            return PlainTextResponse("recon: JSON is needed\n", 415)
        return None if self._token is None else self._unknown(scope, headers)

    def _unknown(self, scope: Scope, headers: Headers) -> Response | None:
        query = parse_qsl(scope["query_string"].decode("latin-1"))
        given = dict(query).get("token")
        root = scope.get("root_path", "") or ""
        if given is not None:
            if not self._right(given):
                return PlainTextResponse(_ASK, 403)
            rest = urlencode([(name, value) for name, value in query if name != "token"])
            answer = RedirectResponse(f"{scope['path']}{'?' + rest if rest else ''}", 303)
            answer.set_cookie(
                self._cookie,
                given,
                path=f"{root}/",
                httponly=True,
                samesite="strict",
                secure=scope["scheme"] == "https",
            )
            return answer
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            cookies = SimpleCookie()
        kept = cookies[self._cookie].value if self._cookie in cookies else ""
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        return None if self._right(kept) or self._right(bearer) else PlainTextResponse(_ASK, 403)

    def _right(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(), (self._token or "").encode())

    def _closed(self, scope: Scope, send: Send) -> Send:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                # images of patients stay out of the browser's cache
                headers.setdefault("Cache-Control", "no-cache" if "/static/" in scope["path"] else "no-store")
            await send(message)

        return answer


def _foreign(host: str, hosts: frozenset[str]) -> bool:
    """Whether a Host header, ``name``, ``name:port`` or ``[address]:port``, names none of ours."""
    try:
        return (urlsplit(f"//{host}").hostname or "") not in hosts
    except ValueError:  # no address in the brackets
        return True


def _misdirected(remedy: str = "") -> Response:
    return PlainTextResponse(f"recon: not served under this name{remedy and f'; {remedy}'}\n", 421)
