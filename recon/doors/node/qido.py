"""QIDO-RS on results: which studies, series and instances the node has made; PS3.18 10.6."""

from __future__ import annotations

import fnmatch
import re
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pydicom
from pydicom.datadict import keyword_for_tag, tag_for_keyword
from pydicom.dataset import Dataset
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from recon.doors.node.ledger import Ledger
from recon.doors.node.shown import shown

_STUDY = (
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "ModalitiesInStudy",
    "ReferringPhysicianName",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyInstanceUID",
    "StudyID",
    "StudyDescription",
)
_SERIES = ("Modality", "SeriesDescription", "SeriesInstanceUID", "SeriesNumber", "StudyInstanceUID")
_INSTANCE = (
    "SOPClassUID",
    "SOPInstanceUID",
    "InstanceNumber",
    "Rows",
    "Columns",
    "BitsAllocated",
    "NumberOfFrames",
    "SeriesInstanceUID",
    "StudyInstanceUID",
)
#: What the ledger answers; the rest is asked of the header.
_COLUMNS = {"StudyInstanceUID": "study", "SeriesInstanceUID": "series", "SOPInstanceUID": "sop"}
_WORDS = ("limit", "offset", "includefield", "fuzzymatching")
_MOST = 1000
_EVERYTHING = "all"
_LONGEST_VALUE = 4096
_NO_FUZZY = '299 recon: "The fuzzymatching parameter is not supported. Only literal matching has been performed."'


def routes(root: str, ledger: Ledger) -> list[Route]:
    """The six searches."""

    def search(level: str, attributes: Sequence[str]) -> Any:
        def answer(request: Request) -> Response:
            given = {**{_keyword(name): value for name, value in request.query_params.items()}, **_of_path(request)}
            more = [_keyword(one) for value in request.query_params.getlist("includefield") for one in value.split(",")]
            unknown = [name for name in (*given, *more) if name not in _WORDS and tag_for_keyword(name) is None]
            if [name for name in unknown if name != _EVERYTHING]:
                return PlainTextResponse(f"no attribute: {', '.join(unknown)}\n", 400)
            try:
                most = min(int(given.pop("limit", _MOST)), _MOST)
                first = int(given.pop("offset", 0))
            except ValueError:
                return PlainTextResponse("limit and offset are numbers\n", 400)
            wanted = {name: value for name, value in given.items() if name not in _WORDS and value}
            base = f"{str(request.base_url).rstrip('/')}{root}"
            found = _found(ledger, level, (*attributes, *more), wanted, slice(first, first + most), base)
            headers = {"Warning": _NO_FUZZY} if given.get("fuzzymatching") == "true" else {}
            if not found:
                return Response(status_code=204, headers=headers)
            return JSONResponse(found, media_type="application/dicom+json", headers=headers)

        return answer

    return [
        Route(f"{root}/studies", search("study", _STUDY), methods=["GET"]),
        Route(f"{root}/series", search("series", (*_STUDY, *_SERIES))),
        Route(f"{root}/instances", search("sop", (*_STUDY, *_SERIES, *_INSTANCE))),
        Route(f"{root}/studies/{{study}}/series", search("series", _SERIES)),
        Route(f"{root}/studies/{{study}}/instances", search("sop", (*_SERIES, *_INSTANCE))),
        Route(f"{root}/studies/{{study}}/series/{{series}}/instances", search("sop", _INSTANCE)),
    ]


def _found(
    ledger: Ledger, level: str, attributes: Sequence[str], wanted: Mapping[str, str], part: slice, base: str
) -> list[dict[str, Any]]:
    """The matches of a part of the list; headers are read of those alone, unless what is wanted stands in headers."""
    uids = {column: set(re.split(r"[,\\\\]", wanted[name])) for name, column in _COLUMNS.items() if name in wanted}
    one = {column: next(iter(values)) if len(values) == 1 else None for column, values in uids.items()}
    groups: dict[str, list[sqlite3.Row]] = {}
    for row in shown(ledger, one.get("study"), one.get("series"), one.get("sop")):
        if all(row[column] in values for column, values in uids.items()):
            groups.setdefault(row[level], []).append(row)
    rest = {name: value for name, value in wanted.items() if name not in _COLUMNS}
    if not rest:
        return [_answer(_header(rows), attributes, rows, level, base) for rows in list(groups.values())[part]]
    found = [(header, rows) for rows in groups.values() if _fits(header := _header(rows), rows, rest)]
    return [_answer(header, attributes, rows, level, base) for header, rows in found[part]]


def _header(rows: Sequence[sqlite3.Row]) -> Dataset:
    return pydicom.dcmread(Path(rows[0]["path"]), stop_before_pixels=True)


def _fits(header: Dataset, rows: Sequence[sqlite3.Row], wanted: Mapping[str, str]) -> bool:
    return all(
        any(_matches(kind, value) for kind in _modalities(rows))
        if name == "ModalitiesInStudy"
        else _matches(str(header.get(name, "")), value, name.endswith("Date"))
        for name, value in wanted.items()
    )


def _modalities(rows: Sequence[sqlite3.Row]) -> set[str]:
    paths = {row["series"]: row["path"] for row in rows}.values()
    return {str(pydicom.dcmread(path, specific_tags=["Modality"], stop_before_pixels=True).Modality) for path in paths}


def _answer(
    header: Dataset, attributes: Sequence[str], members: Sequence[sqlite3.Row], level: str, base: str
) -> dict[str, Any]:
    made = Dataset()
    for name in header.dir() if _EVERYTHING in attributes else attributes:
        if name in header:
            made.add(header[name])
    if "SpecificCharacterSet" in header:
        made.SpecificCharacterSet = "ISO_IR 192"
    place, row = f"{base}/studies/{members[0]['study']}", members[0]
    if level == "study":
        made.ModalitiesInStudy = sorted(_modalities(members))
        made.NumberOfStudyRelatedSeries = len({row["series"] for row in members})
        made.NumberOfStudyRelatedInstances = len(members)
    else:
        place += f"/series/{row['series']}"
    if level == "series":
        made.NumberOfSeriesRelatedInstances = len(members)
    if level == "sop":
        place += f"/instances/{row['sop']}"
    made.RetrieveURL, made.InstanceAvailability = place, "ONLINE"
    found: dict[str, Any] = made.to_json_dict(_LONGEST_VALUE, lambda _: "")
    return {tag: element for tag, element in found.items() if "BulkDataURI" not in element}


def _matches(value: str, wanted: str, is_date: bool = False) -> bool:
    """Value, list of values, range of dates, or text with ``*`` and ``?``."""
    if is_date and "-" in wanted:
        first, _, last = wanted.partition("-")
        return (not first or value >= first) and (not last or value <= last)
    return any(fnmatch.fnmatchcase(value.lower(), one.strip().lower()) for one in wanted.split(","))


def _keyword(name: str) -> str:
    return keyword_for_tag(int(name, 16)) or name if re.fullmatch(r"[0-9A-Fa-f]{8}", name) else name


def _of_path(request: Request) -> dict[str, str]:
    names = {"study": "StudyInstanceUID", "series": "SeriesInstanceUID"}
    return {names[name]: str(value) for name, value in request.path_params.items()}
