"""How a question of the page is answered: a function on a thread, JSON or bytes, an error as one line."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from recon.doors.view.desk import Desk, UnknownCase
from recon.errors import InternalError, InvalidRequest, OutputFailed, ReconError, UnreadableInput, one_line

_MOST_BODY = 1 << 16
_STATUS: dict[type[ReconError], int] = {UnknownCase: 404, InvalidRequest: 400, UnreadableInput: 422, OutputFailed: 507}


class PageAnswer:
    """Answers by a function of desk and request, on a thread, since files are read.

    Parameters
    ----------
    desk
        Where the reader sits.
    answer
        Returns a response, or what is to be JSON.
    """

    def __init__(self, desk: Desk, answer: Callable[..., Any]) -> None:
        self._desk, self._answer = desk, answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        try:
            response = await self._response(request)
        except Exception as error:
            response = failed(request, error)
        await response(scope, receive, send)

    async def _response(self, request: Request) -> Response:
        return _as_response(await run_in_threadpool(self._answer, self._desk, request))


class Change(PageAnswer):
    """The same for what a reader changes; the function is also given a JSON object."""

    async def _response(self, request: Request) -> Response:
        given = await _body(request)
        return _as_response(await run_in_threadpool(self._answer, self._desk, request, given))


def failed(request: Request, error: Exception) -> Response:
    """One line, as everywhere."""
    if not isinstance(error, ReconError):
        error = InternalError(f"{request.url.path}: {one_line(error)}")
    status = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)
    return JSONResponse({"problem": error.problem, "field": error.field}, status)


def not_found(request: Request, error: Exception) -> Response:
    """No such address, or no such method."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    return JSONResponse({"problem": f"{request.url.path}: there is no such page"}, status)


def finite(value: Any) -> Any:
    """The same with null for what JSON doesn't know: NaN and infinities."""
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, Mapping):
        return {str(name): finite(part) for name, part in value.items()}
    return [finite(part) for part in value] if isinstance(value, list | tuple) else value


def _as_response(found: Any) -> Response:
    return found if isinstance(found, Response) else JSONResponse(finite(found))


async def _body(request: Request) -> dict[str, Any]:
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > _MOST_BODY:
            raise InvalidRequest(f"more than {_MOST_BODY} bytes were sent")
    try:
        given = json.loads(bytes(content))
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise InvalidRequest("a JSON object is needed")
    return given
