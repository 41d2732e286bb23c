"""QIDO-RS on results: which studies, series and instances the node has made; PS3.18 10.6."""

from __future__ import annotations

import fnmatch
import sqlite3
from collections.abc import Sequence
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
    "StudyDate", "StudyTime", "AccessionNumber", "ModalitiesInStudy", "ReferringPhysicianName", "PatientName",
    "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyID", "StudyDescription",
)  # fmt: skip
_SERIES = ("Modality", "SeriesDescription", "SeriesInstanceUID", "SeriesNumber", "StudyInstanceUID")
_INSTANCE = (
    "SOPClassUID", "SOPInstanceUID", "InstanceNumber", "Rows", "Columns", "BitsAllocated", "NumberOfFrames",
    "SeriesInstanceUID", "StudyInstanceUID",
)  # fmt: skip
#: What the ledger answers; the rest is asked of the header.
_COLUMNS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
_WORDS = ("limit", "offset", "includefield", "fuzzymatching")
_MOST = 1000


def routes(root: str, ledger: Ledger) -> list[Route]:
    """The six searches."""

    def search(level: str, attributes: Sequence[str]) -> Any:
        def answer(request: Request) -> Response:
            given = {**{_keyword(name): value for name, value in request.query_params.items()}, **_of_path(request)}
            unknown = [name for name in given if name not in _WORDS and tag_for_keyword(name) is None]
            if unknown:
                return PlainTextResponse(f"no attribute: {', '.join(unknown)}\n", 400)
            try:
                most = min(int(given.pop("limit", _MOST)), _MOST)
                first = int(given.pop("offset", 0))
            except ValueError:
                return PlainTextResponse("limit and offset are numbers\n", 400)
            wanted = {name: value for name, value in given.items() if name not in _WORDS}
            found = _found(ledger, level, attributes, wanted)
            if not found:
                return Response(status_code=204)
            return JSONResponse(found[first : first + most], media_type="application/dicom+json")

        return answer

    return [
        Route(f"{root}/studies", search("study", _STUDY), methods=["GET"]),
        Route(f"{root}/series", search("series", (*_STUDY, *_SERIES))),
        Route(f"{root}/instances", search("sop", (*_STUDY, *_SERIES, *_INSTANCE))),
        Route(f"{root}/studies/{{study}}/series", search("series", _SERIES)),
        Route(f"{root}/studies/{{study}}/instances", search("sop", (*_SERIES, *_INSTANCE))),
        Route(f"{root}/studies/{{study}}/series/{{series}}/instances", search("sop", _INSTANCE)),
    ]


def _found(ledger: Ledger, level: str, attributes: Sequence[str], wanted: dict[str, str]) -> list[dict[str, Any]]:
    rows = shown(ledger, *(wanted.get(keyword) for keyword in _COLUMNS))
    groups: dict[str, list[sqlite3.Row]] = {}
    for row in rows:
        groups.setdefault(row[level], []).append(row)
    answers = []
    for members in groups.values():
        header = pydicom.dcmread(Path(members[0]["path"]), stop_before_pixels=True)
        rest = {name: value for name, value in wanted.items() if name not in _COLUMNS}
        if all(_matches(header, name, value) for name, value in rest.items()):
            answers.append(_answer(header, attributes, members, level))
    return answers


def _answer(header: Dataset, attributes: Sequence[str], members: Sequence[sqlite3.Row], level: str) -> dict[str, Any]:
    made = Dataset()
    for name in attributes:
        if name in header:
            made.add(header[name])
    if "SpecificCharacterSet" in header:
        made.SpecificCharacterSet = "ISO_IR 192"
    if level == "study":
        series = {row["series"]: row["path"] for row in members}
        found = {str(pydicom.dcmread(path, specific_tags=["Modality"]).Modality) for path in series.values()}
        made.ModalitiesInStudy = sorted(found)
        made.NumberOfStudyRelatedSeries, made.NumberOfStudyRelatedInstances = len(series), len(members)
    if level == "series":
        made.NumberOfSeriesRelatedInstances = len(members)
    return made.to_json_dict()


def _matches(header: Dataset, name: str, wanted: str) -> bool:
    """Value, list of values, range of dates, or text with ``*`` and ``?``."""
    if name == "ModalitiesInStudy":
        name = "Modality"
    value = str(header.get(name, ""))
    if "-" in wanted and name.endswith("Date"):
        first, _, last = wanted.partition("-")
        return (not first or value >= first) and (not last or value <= last)
    return any(fnmatch.fnmatchcase(value.lower(), one.strip().lower()) for one in wanted.split(","))


def _keyword(name: str) -> str:
    return keyword_for_tag(int(name, 16)) or name if len(name) == 8 and name.isalnum() and name[0].isdigit() else name


def _of_path(request: Request) -> dict[str, str]:
    names = {"study": "StudyInstanceUID", "series": "SeriesInstanceUID"}
    return {names[name]: str(value) for name, value in request.path_params.items()}
