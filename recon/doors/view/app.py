"""The page and what it asks for, as an ASGI application that stands alone or is mounted in another."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from recon.doors.view import described
from recon.doors.view.desk import Desk, OnDecision, UnknownCase
from recon.doors.view.frames import frame, small_volume
from recon.doors.view.guard import Guard
from recon.doors.view.sources import Source
from recon.errors import InternalError, InvalidRequest, OutputFailed, ReconError, UnreadableInput, one_line
from recon.reading.export import to_csv, to_json

STATIC = Path(str(resources.files("recon.doors.view").joinpath("static")))
_MOST_BODY = 1 << 16
_STATUS: dict[type[ReconError], int] = {
    UnknownCase: 404, InvalidRequest: 400, UnreadableInput: 422, OutputFailed: 507,
}  # fmt: skip


def reader_app(
    source: Source, *, token: str | None, hosts: Iterable[str] = (), on_decision: OnDecision | None = None
) -> Starlette:
    """The reader's page over a source of results.

    Parameters
    ----------
    source
        Of the cases and of the books for their decisions.
    token
        Who has it may read and decide; None where the server that mounts the page asks by itself.
    hosts
        Names by which the server may be addressed; empty allows all.
    on_decision
        Told of every decision; by default nobody is.
    """
    desk = Desk(source, on_decision or (lambda case, decision: None))
    routes = [
        Route("/", _page),
        Route("/api/cases", _Answer(desk, _cases)),
        Route("/api/cases/{key}", _Answer(desk, _case)),
        Route("/api/cases/{key}/slices/{plane}/{index:int}", _Answer(desk, _slice)),
        Route("/api/cases/{key}/volumes/{plane}.nii.gz", _Answer(desk, _volume)),
        Route("/api/cases/{key}/profile", _Answer(desk, _profile)),
        Route("/api/cases/{key}/decisions", _Change(desk, _decide), methods=["POST"]),
        Route("/api/cases/{key}/undo", _Change(desk, _undo), methods=["POST"]),
        Route("/api/revision", _Answer(desk, _revision)),
        Route("/api/decisions.csv", _Answer(desk, _csv)),
        Route("/api/decisions.json", _Answer(desk, _json)),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]  # fmt: skip
    return Starlette(
        routes=routes,
        middleware=[Middleware(Guard, token=token, hosts=tuple(hosts))],
        exception_handlers={ReconError: _failed, Exception: _failed, HTTPException: _not_found},
    )


class _Answer:
    """A question answered by a function on a thread, since files are read; what it returns becomes a response."""

    def __init__(self, desk: Desk, answer: Callable[..., Any]) -> None:
        self._desk, self._answer = desk, answer

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        try:
            found = await run_in_threadpool(self._answer, self._desk, request)
            response = found if isinstance(found, Response) else JSONResponse(_finite(found))
        except Exception as error:
            response = _failed(request, error)
        await response(scope, receive, send)


class _Change(_Answer):
    """The same for what a reader changes, given as a JSON object."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        try:
            given = await _body(request)
            found = await run_in_threadpool(self._answer, self._desk, request, given)
            response: Response = JSONResponse(_finite(found))
        except Exception as error:
            response = _failed(request, error)
        await response(scope, receive, send)


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


async def _page(request: Request) -> Response:
    # the page's own addresses are relative, so that it can be mounted anywhere
    return FileResponse(STATIC / "index.html")


def _cases(desk: Desk, request: Request) -> Any:
    decisions = desk.decisions()
    return {"cases": [described.line(case, decisions) for case in desk.cases()], "revision": desk.revision()}


def _case(desk: Desk, request: Request) -> Any:
    case = desk.case(request.path_params["key"])
    decisions = desk.decisions(case)
    try:
        return described.whole(case, desk.images(case), decisions)
    except ReconError as error:
        return described.without_images(case, error.problem, decisions)


def _slice(desk: Desk, request: Request) -> Response:
    case = desk.case(request.path_params["key"])
    values = desk.images(case).read(request.path_params["plane"], request.path_params["index"])
    if values is None:
        return Response(status_code=204)
    return Response(frame(values), media_type="application/octet-stream")


def _volume(desk: Desk, request: Request) -> Response:
    case, plane = desk.case(request.path_params["key"]), request.path_params["plane"]
    stack = desk.images(case).planes.get(plane)
    if stack is None:
        return Response(status_code=204)
    return Response(small_volume(stack), media_type="application/gzip")


def _profile(desk: Desk, request: Request) -> Any:
    return desk.images(desk.case(request.path_params["key"])).profile()


def _decide(desk: Desk, request: Request, given: Mapping[str, Any]) -> Any:
    case = desk.case(request.path_params["key"])
    desk.decide(case, dict(given))
    return described.line(case, desk.decisions(case))


def _undo(desk: Desk, request: Request, given: Mapping[str, Any]) -> Any:
    case = desk.case(request.path_params["key"])
    taken = desk.take_back(str(given.get("reader") or ""), case)
    return {**described.line(case, desk.decisions(case)), "taken_back": taken.to_json() if taken else None}


def _revision(desk: Desk, request: Request) -> Any:
    return {"revision": desk.revision()}


def _csv(desk: Desk, request: Request) -> Response:
    return _table(to_csv(desk.decisions()), "csv")


def _json(desk: Desk, request: Request) -> Response:
    return _table(to_json(desk.decisions()), "json")


def _table(text: str, kind: str) -> Response:
    media = "text/csv; charset=utf-8" if kind == "csv" else "application/json"
    return Response(text, media_type=media, headers={"Content-Disposition": f'attachment; filename="decisions.{kind}"'})


def _failed(request: Request, error: Exception) -> Response:
    """One line, as everywhere."""
    if not isinstance(error, ReconError):
        error = InternalError(f"{request.url.path}: {one_line(error)}")
    status = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)
    return JSONResponse({"problem": error.problem, "field": error.field}, status)


def _not_found(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return JSONResponse({"problem": f"{request.url.path}: there is no such page"}, status)


def _finite(value: Any) -> Any:
    """JSON knows no NaN."""
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, Mapping):
        return {str(name): _finite(part) for name, part in value.items()}
    return [_finite(part) for part in value] if isinstance(value, list | tuple) else value
