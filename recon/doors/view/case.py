"""One result folder as the page knows it: its report, however damaged, and what its images' headers say."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pydicom

from recon.reading.decisions import JudgedResult

REPORT = "report.json"
#: The worst first; a result whose report can't be read, or says nothing, is no good one.
ORDER = ("REJECT", "UNREADABLE", "REVIEW", "UNJUDGED", "PASS")
_TAGS = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyDescription",
    "SeriesDescription",
    "ProtocolName",
    "Manufacturer",
    "ManufacturerModelName",
    "StationName",
)


@dataclass(frozen=True)
class Case:
    """A result that can be looked at.

    Attributes
    ----------
    folder
        Of the result.
    report
        Content of ``report.json``; empty where it can't be read.
    report_sha256
        Of that file; empty where there is none.
    verdict
        One of :data:`ORDER`.
    trouble
        Why the report can't be used; empty where it can.
    made
        When the report was written.
    inputs
        Files or folders that the result was made from, in the order before, then closer to the result.
    facts
        What the header of a DICOM result says of patient, study and scanner, by keyword.
    taken
        Day of the scan, where it is known.
    named
        What the result is called, where that is not the name of its folder.
    """

    folder: Path
    report: Mapping[str, Any]
    report_sha256: str
    verdict: str
    trouble: str
    made: datetime
    inputs: tuple[Path, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    taken: date | None = None
    named: str = ""

    @property
    def name(self) -> str:
        """Of the result folder; with its item's in front where it is a part of one."""
        return self.named or self.folder.name

    @property
    def key(self) -> str:
        """For addresses: the same as long as the folder stays where it is, and tells nothing."""
        return hashlib.sha256(str(self.folder.absolute()).encode(errors="surrogateescape")).hexdigest()[:20]

    @property
    def task(self) -> str:
        """Name of the task; empty where it isn't known."""
        return str(self.report.get("task") or "")

    @property
    def checks(self) -> list[Mapping[str, Any]]:
        """The checks of the report."""
        return [check for check in self.report.get("checks") or [] if isinstance(check, dict)]

    @property
    def slices(self) -> int | None:
        """How many slices the report says there are."""
        total = _mapping(self.report.get("slices")).get("total")
        return total if isinstance(total, int) and total > 0 else None

    @property
    def scanner(self) -> str:
        """Manufacturer, model and station; empty where no header says."""
        named = (self.facts.get(name, "") for name in ("Manufacturer", "ManufacturerModelName", "StationName"))
        return " ".join(filter(None, named))

    @property
    def protocol(self) -> str:
        """Of the scan; empty where no header says."""
        return self.facts.get("ProtocolName") or self.facts.get("StudyDescription") or ""

    @property
    def subject(self) -> JudgedResult:
        """What a decision about it is about."""
        return JudgedResult(self.name, self.report_sha256, self.task, self.verdict)

    @property
    def rank(self) -> tuple[int, float, str]:
        """Sorts the worst first: by verdict, then by how far beyond its limits the worst check is."""
        return (
            ORDER.index(self.verdict),
            -max((_excess(check) for check in self.checks), default=0.0),
            self.name.lower(),
        )


def report_files(folder: Path) -> list[Path]:
    """The reports in the folder of one job of a node, or one item of a batch: its own, or one for each of its parts."""
    own = folder / REPORT
    return [own] if own.exists() else sorted(folder.glob(f"*/{REPORT}"))


def read_case(folder: Path, inputs: tuple[Path, ...] = (), taken: date | None = None, named: str = "") -> Case:
    """What a result folder says of itself; never fails, a damaged report is told in ``trouble``.

    Parameters
    ----------
    folder
        Of the result.
    inputs
        Where they are known better than the report knows them.
    taken
        Day of the scan, where it is known.
    named
        What it is called, where that is not the name of the folder.
    """
    path = folder / REPORT
    report: dict[str, Any] = {}
    digest, trouble, made = "", "", datetime.fromtimestamp(0).astimezone()
    try:
        made = datetime.fromtimestamp(path.stat().st_mtime).astimezone()
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        found = json.loads(content)
        if isinstance(found, dict):
            report = found
        else:
            trouble = f"{path}: is no report"
    except OSError as error:
        trouble = f"{path}: {error.strerror or error}"
    except ValueError as error:
        trouble = f"{path}: damaged ({error})"
    said = report.get("verdict")
    verdict = said if said in ("PASS", "REVIEW", "REJECT") else "UNJUDGED"
    facts = _facts(folder)
    return Case(
        folder,
        report,
        digest,
        "UNREADABLE" if trouble else verdict,
        trouble,
        made,
        inputs or _inputs(folder, report),
        facts,
        taken or _day(facts.get("StudyDate", "")),
        named,
    )


def _inputs(folder: Path, report: Mapping[str, Any]) -> tuple[Path, ...]:
    """Of a pair both scans, otherwise the one input, where they are still found."""
    parameters = _mapping(report.get("parameters"))
    named = [str(parameters[name]) for name in ("pre", "low") if parameters.get(name)]
    found = []
    for name in named or [str(report.get("input") or "")]:
        # a relative path was relative to where the command ran, most often above the results
        places = (Path(name), folder.parent / name, folder.parent.parent / name)
        found += [next((place for place in places if name and place.exists()), Path(name))]
    return tuple(found)


def _facts(folder: Path) -> dict[str, str]:
    first = next(iter(sorted((folder / "image").glob("*.dcm"))), None)
    if first is None:
        return {}
    try:
        header = pydicom.dcmread(first, stop_before_pixels=True, specific_tags=list(_TAGS))
        return {name: str(header[name].value) for name in _TAGS if name in header and str(header[name].value or "")}
    except Exception:  # a damaged header; the images themselves will say so when they are opened
        return {}


def _day(text: str) -> date | None:
    try:
        return datetime.strptime(text[:8], "%Y%m%d").date()
    except ValueError:
        return None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _excess(check: Mapping[str, Any]) -> float:
    """How far a failed check is beyond its limits, relative to them; one that wasn't measured counts as 1."""
    if check.get("outcome") == "PASS":
        return 0.0
    value, lower, upper = (check.get(name) for name in ("value", "lower_limit", "upper_limit"))
    if not isinstance(value, int | float):
        return 1.0
    above = (value - upper) / (abs(upper) or 1.0) if isinstance(upper, int | float) else 0.0
    below = (lower - value) / (abs(lower) or 1.0) if isinstance(lower, int | float) else 0.0
    return max(above, below, 0.0)
