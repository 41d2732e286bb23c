"""STOW-RS as server: the same inbox as C-STORE's, and an answer object by object; PS3.18 10.5."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterator
from email.message import Message
from typing import IO, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from recon.doors.node.config import NodeConfig
from recon.doors.node.facts import header_of
from recon.doors.node.inbox import Arrival, Inbox, Taken
from recon.doors.node.logs import log
from recon.doors.node.part10 import split
from recon.errors import ReconError, UnreadableInput

#: What rules see as the calling AE title of objects that came so.
CALLING = "STOW-RS"
OUT_OF_RESOURCES, OTHER_STUDY, NOT_UNDERSTOOD, DUPLICATE, FIRST_KEPT = 0xA700, 0xA900, 0xC000, 0x0111, 0xB007


def routes(root: str, config: NodeConfig, inbox: Inbox) -> list[Route]:
    """Store, into any study or one."""

    async def store(request: Request) -> Response:
        boundary = _boundary(request.headers.get("content-type", ""))
        if boundary is None:
            return PlainTextResponse('multipart/related; type="application/dicom" is wanted\n', 415)
        # a file without a name: a study needs no memory, and nothing is left when the node is killed
        with tempfile.TemporaryFile(dir=config.folder) as body:
            async for chunk in request.stream():
                await run_in_threadpool(body.write, chunk)
            body.flush()
            return await run_in_threadpool(_take_all, body, boundary, request.path_params.get("study"))

    def _take_all(body: IO[bytes], boundary: bytes, study: str | None) -> Response:
        stored: list[dict[str, Any]] = []
        failed: list[dict[str, Any]] = []
        for content in parts(body, boundary):
            sop_class, sop, reason, warning = _take(config, inbox, content, study)
            item = {"00081150": _value("UI", sop_class), "00081155": _value("UI", sop)}
            if reason:
                failed.append({**item, "00081197": _value("US", reason)})
            else:
                stored.append({**item, **({"00081196": _value("US", warning)} if warning else {})})
        if not stored and not failed:
            return PlainTextResponse("the body holds no part\n", 400)
        answer: dict[str, Any] = {}
        if stored:
            answer["00081199"] = {"vr": "SQ", "Value": stored}
        if failed:
            answer["00081198"] = {"vr": "SQ", "Value": failed}
        warned = any("00081196" in item for item in stored)
        status = 409 if not stored else 202 if failed or warned else 200
        return JSONResponse(answer, status, media_type="application/dicom+json")

    return [
        Route(f"{root}/studies", store, methods=["POST"]),
        Route(f"{root}/studies/{{study}}", store, methods=["POST"]),
    ]


def parts(body: IO[bytes], boundary: bytes) -> Iterator[bytes]:
    """The contents of a multipart body that lies in a file, one at a time in memory."""
    if body.seek(0, 2) == 0:
        return
    mark = b"--" + boundary
    with mmap.mmap(body.fileno(), 0, access=mmap.ACCESS_READ) as view:
        start = view.find(mark)
        while start >= 0:
            start += len(mark)
            if view[start : start + 2] == b"--":
                return
            head = view.find(b"\r\n\r\n", start)
            end = view.find(b"\r\n" + mark, start)
            if head < 0 or end < 0 or end < head:
                return  # cut off: what was not whole is not there
            yield view[head + 4 : end]
            start = end + 2


def _take(config: NodeConfig, inbox: Inbox, content: bytes, study: str | None) -> tuple[str, str, int, int]:
    """SOP class and instance UID, then failure and warning reason, 0 where there is none."""
    try:
        meta, start = split(content)
    except UnreadableInput:
        return "", "", NOT_UNDERSTOOD, 0
    called = config.titles[0]
    sop_class, sop = str(meta.MediaStorageSOPClassUID), str(meta.MediaStorageSOPInstanceUID)
    if study is not None and header_of(content, CALLING, called).study != study:
        return sop_class, sop, OTHER_STUDY, 0
    arrival = Arrival(sop, sop_class, str(meta.TransferSyntaxUID), content[start:], CALLING, called)
    try:
        taken = inbox.take(arrival)
    except ReconError as error:
        log("not_stored", calling=CALLING, why=error.problem)
        return sop_class, sop, OUT_OF_RESOURCES, 0
    if taken is Taken.FULL:
        return sop_class, sop, OUT_OF_RESOURCES, 0
    if taken is Taken.DIFFERS:
        return (
            (sop_class, sop, DUPLICATE, 0)
            if config.differing_duplicate == "refuse"
            else (sop_class, sop, 0, FIRST_KEPT)
        )
    return sop_class, sop, 0, 0


def _boundary(kind: str) -> bytes | None:
    message = Message()
    message["content-type"] = kind
    boundary = message.get_param("boundary")
    good = message.get_content_type() == "multipart/related" and message.get_param("type") == "application/dicom"
    return boundary.encode() if good and isinstance(boundary, str) and boundary else None


def _value(vr: str, value: str | int) -> dict[str, Any]:
    return {"vr": vr, "Value": [value]} if value != "" else {"vr": vr}
