"""The page and what it asks for, as an ASGI application that stands alone or is mounted in another."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from recon.comparison.picture import draw
from recon.doors.view import blind, described, figures
from recon.doors.view.answers import Change, PageAnswer, failed, not_found
from recon.doors.view.desk import Desk, OnDecision
from recon.doors.view.frames import frame, small_volume
from recon.doors.view.guard import TokenGuard
from recon.doors.view.sources import CaseSource
from recon.errors import ReconError
from recon.reading.export import to_csv, to_json
from recon.volumes import FloatImage

STATIC = Path(str(resources.files("recon.doors.view").joinpath("static")))


def reader_app(
    source: CaseSource, *, token: str | None, hosts: Iterable[str] = (), on_decision: OnDecision | None = None
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
    case, study = "/api/cases/{key}", "/api/studies/{number:int}"
    routes = [
        Route("/", _page),
        Route("/api/cases", PageAnswer(desk, _cases)),
        Route(case, PageAnswer(desk, _case)),
        Route(f"{case}/slices/{{plane}}/{{index:int}}", PageAnswer(desk, _slice)),
        Route(f"{case}/volumes/{{plane}}.nii.gz", PageAnswer(desk, _volume)),
        Route(f"{case}/profile", PageAnswer(desk, _profile)),
        Route(f"{case}/compared/{{other}}", PageAnswer(desk, _compared)),
        Route(f"{case}/compared/{{other}}/picture.png", PageAnswer(desk, _comparison_picture)),
        Route(f"{case}/decisions", Change(desk, _decide), methods=["POST"]),
        Route(f"{case}/undo", Change(desk, _undo), methods=["POST"]),
        Route("/api/revision", PageAnswer(desk, lambda desk, request: {"revision": desk.revision()})),
        Route("/api/decisions.csv", PageAnswer(desk, lambda desk, request: _table(to_csv(desk.decisions()), "csv"))),
        Route("/api/decisions.json", PageAnswer(desk, lambda desk, request: _table(to_json(desk.decisions()), "json"))),
        Route("/api/agreement", PageAnswer(desk, lambda desk, request: figures.agreement(desk.decisions()))),
        Route("/api/limits", PageAnswer(desk, lambda desk, request: figures.limits(desk.cases(), desk.decisions()))),
        Route("/api/drift", PageAnswer(desk, lambda desk, request: figures.drift(desk.cases()))),
        Route("/api/studies", PageAnswer(desk, lambda desk, request: blind.listed(desk)), methods=["GET"]),
        Route("/api/studies", Change(desk, lambda desk, request, given: blind.begin(desk, given)), methods=["POST"]),
        Route(f"{study}/question", PageAnswer(desk, _question)),
        Route(f"{study}/trials/{{trial:int}}/images/{{side:int}}", PageAnswer(desk, _blind_image)),
        Route(f"{study}/answers", Change(desk, _answer), methods=["POST"]),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(TokenGuard, token=token, hosts=tuple(hosts))],
        exception_handlers={ReconError: failed, Exception: failed, HTTPException: not_found},
    )


async def _page(request: Request) -> Response:
    # the page's own addresses are relative, so that it can be mounted anywhere
    return FileResponse(STATIC / "index.html")


def _cases(desk: Desk, request: Request) -> Any:
    # taken first: what is decided meanwhile is then asked for again, never missed
    revision = desk.revision()
    lines = [described.line(case, decisions, desk.source.fate(case)) for case, decisions in desk.worklist()]
    return {"cases": lines, "revision": revision}


def _case(desk: Desk, request: Request) -> Any:
    case = desk.case(request.path_params["key"])
    decisions, fate = desk.about(case), desk.source.fate(case)
    try:
        return described.whole(case, desk.images(case), decisions, fate, desk.others(case))
    except ReconError as error:
        return described.without_images(case, error.problem, decisions, fate)


def _slice(desk: Desk, request: Request) -> Response:
    case = desk.case(request.path_params["key"])
    return _framed(desk.images(case).read(request.path_params["plane"], request.path_params["index"]))


def _framed(values: FloatImage | None) -> Response:
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
    found = desk.images(desk.case(request.path_params["key"])).profile_when_read()
    return Response(status_code=204) if found is None else found


def _compared(desk: Desk, request: Request) -> Any:
    case, other = (desk.case(request.path_params[name]) for name in ("key", "other"))
    return described.comparison(desk.compared(case, other), case)


def _comparison_picture(desk: Desk, request: Request) -> Response:
    found = desk.compared(*(desk.case(request.path_params[name]) for name in ("key", "other"))).subtracted
    if found is None:
        return Response(status_code=204)
    picture = io.BytesIO()
    draw(found, picture)
    return Response(picture.getvalue(), media_type="image/png")


def _decide(desk: Desk, request: Request, given: Mapping[str, Any]) -> Any:
    case = desk.case(request.path_params["key"])
    desk.decide(case, given)
    return described.line(case, desk.about(case), desk.source.fate(case))


def _undo(desk: Desk, request: Request, given: Mapping[str, Any]) -> Any:
    case = desk.case(request.path_params["key"])
    taken = desk.take_back(str(given.get("reader") or ""), case)
    line = described.line(case, desk.about(case), desk.source.fate(case))
    return {**line, "taken_back": taken.to_json() if taken else None}


def _question(desk: Desk, request: Request) -> Any:
    return blind.question(desk, request.path_params["number"], request.query_params.get("reader", ""))


def _blind_image(desk: Desk, request: Request) -> Response:
    place, reader = request.path_params, request.query_params.get("reader", "")
    return _framed(blind.image(desk, place["number"], place["trial"], place["side"], reader))


def _answer(desk: Desk, request: Request, given: Mapping[str, Any]) -> Any:
    return blind.answer(desk, request.path_params["number"], given)


def _table(text: str, kind: str) -> Response:
    media = "text/csv; charset=utf-8" if kind == "csv" else "application/json"
    return Response(text, media_type=media, headers={"Content-Disposition": f'attachment; filename="decisions.{kind}"'})
