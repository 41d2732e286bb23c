"""WADO-RS on results: instances, metadata and frames, as they are stored; PS3.18 10.4."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pydicom
from pydicom.encaps import get_frame
from pydicom.uid import UID
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from recon.doors.node.accept import answer_as
from recon.doors.node.ledger import Ledger
from recon.doors.node.shown import shown

_OBJECT, _FRAME = "application/dicom", "application/octet-stream"
_PIXELS = (0x7FE00010, 0x7FE00008, 0x7FE00009)


def routes(root: str, ledger: Ledger) -> list[Route]:
    """Retrieval of studies, series, instances, their metadata, and frames."""

    def instances(request: Request) -> Response:
        rows = _rows(ledger, request)
        return _instances(rows, request.headers.get("accept", "")) if rows else _absent()

    def metadata(request: Request) -> Response:
        rows = _rows(ledger, request)
        found = [_metadata(str(request.url), row) for row in rows]
        return JSONResponse(found, media_type="application/dicom+json") if rows else _absent()

    def frames(request: Request) -> Response:
        rows = _rows(ledger, request)
        if not rows:
            return _absent()
        try:
            numbers = [int(one) for one in str(request.path_params["frames"]).split(",")]
            return _frames(Path(rows[0]["path"]), numbers, request.headers.get("accept", ""))
        except (ValueError, IndexError):
            return PlainTextResponse("no such frame\n", 404)

    study = f"{root}/studies/{{study}}"
    series = f"{study}/series/{{series}}"
    instance = f"{series}/instances/{{sop}}"
    return [
        *(Route(f"{place}/metadata", metadata) for place in (study, series, instance)),
        Route(f"{instance}/frames/{{frames}}", frames),
        *(Route(place, instances, methods=["GET"]) for place in (study, series, instance)),
    ]


def _rows(ledger: Ledger, request: Request) -> list[sqlite3.Row]:
    return shown(ledger, *(request.path_params.get(name) for name in ("study", "series", "sop")))


def _absent() -> Response:
    return PlainTextResponse("the node has made no such thing\n", 404)


def _not_acceptable(kind: str, syntax: str) -> Response:
    words = f"results are there as multipart/related; type={kind}; transfer-syntax={syntax}\n"
    return PlainTextResponse(words, 406)


def _instances(rows: Sequence[sqlite3.Row], accept: str) -> Response:
    way = answer_as(accept, _OBJECT, rows[0]["syntax"])
    if way is None or (way == _OBJECT and len(rows) > 1):
        return _not_acceptable(_OBJECT, rows[0]["syntax"])
    if way == _OBJECT:
        return FileResponse(rows[0]["path"], media_type=_OBJECT)
    boundary = uuid4().hex

    def body() -> Iterator[bytes]:
        for row in rows:
            kind = f"application/dicom; transfer-syntax={row['syntax']}"
            yield f"--{boundary}\r\nContent-Type: {kind}\r\n\r\n".encode()
            yield Path(row["path"]).read_bytes()
            yield b"\r\n"
        yield f"--{boundary}--\r\n".encode()

    return StreamingResponse(body(), media_type=f'multipart/related; type="application/dicom"; boundary={boundary}')


def _metadata(url: str, row: sqlite3.Row) -> dict[str, Any]:
    dataset = pydicom.dcmread(row["path"], stop_before_pixels=True)
    known: dict[str, Any] = dataset.to_json_dict(bulk_data_threshold=4096, bulk_data_element_handler=lambda _: "")
    # long values are left out: an address that leads nowhere would stop a viewer
    found = {tag: element for tag, element in known.items() if "BulkDataURI" not in element}
    base = url.partition("/studies/")[0]
    place = f"{base}/studies/{row['study']}/series/{row['series']}/instances/{row['sop']}/frames/1"
    if "Rows" in dataset:
        found["7FE00010"] = {"vr": "OW", "BulkDataURI": place}
    found["00083002"] = {"vr": "UI", "Value": [row["syntax"]]}  # AvailableTransferSyntaxUID
    return found


def _frames(path: Path, numbers: Sequence[int], accept: str) -> Response:
    dataset = pydicom.dcmread(path)
    tag = next(tag for tag in _PIXELS if tag in dataset)
    pixels: bytes = dataset[tag].value
    count = int(dataset.get("NumberOfFrames") or 1)
    syntax = UID(str(dataset.file_meta.TransferSyntaxUID))
    way = answer_as(accept, _FRAME, syntax)
    if way is None or (way == _FRAME and len(numbers) > 1):
        return _not_acceptable(_FRAME, syntax)
    boundary, pieces = uuid4().hex, list[bytes]()
    for number in numbers:
        if not 1 <= number <= count:
            raise IndexError(number)
        if syntax.is_compressed:
            frame = get_frame(pixels, number - 1, number_of_frames=count)
        else:
            size = dataset.Rows * dataset.Columns * dataset.SamplesPerPixel * dataset.BitsAllocated // 8
            frame = pixels[(number - 1) * size : number * size]
        kind = f"{_FRAME}; transfer-syntax={syntax}"
        if way == _FRAME:
            return Response(frame, media_type=kind)
        pieces += [f"--{boundary}\r\nContent-Type: {kind}\r\n\r\n".encode(), frame, b"\r\n"]
    body = b"".join([*pieces, f"--{boundary}--\r\n".encode()])
    return Response(body, media_type=f'multipart/related; type="application/octet-stream"; boundary={boundary}')
