"""Series of images, sorted out from headers alone."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from recon.io.dicom.read.group import Group
from recon.io.dicom.read.grouping import group
from recon.io.dicom.read.kinds import CT, ImageKind
from recon.io.dicom.read.records import NO_UID, Belonging, SliceRecord, slices_of
from recon.io.dicom.read.skipped import Kind, SkippedFile, first_line


@dataclass(frozen=True)
class SeriesIndex:
    """One series, known by its headers.

    Attributes
    ----------
    name
        For a folder: from number and part, distinct among the series of one scan, the same whatever
        the order of the files.
    uid, number, description
        Of the series.
    notes
        What a person should know.
    ambiguous
        Whether different slices lie at one place and no attribute tells them apart.
    records
        One a slice, in order along the normal.
    lost
        Files of this series that could not be read.
    kind
        Of its slices.
    """

    name: str
    uid: str
    number: str
    description: str
    notes: tuple[str, ...]
    ambiguous: bool
    records: tuple[SliceRecord, ...] = field(repr=False)
    lost: tuple[SkippedFile, ...] = ()
    kind: ImageKind = CT


@dataclass(frozen=True)
class SeriesFound:
    """What a set of files holds: series by number, and what was left out and why."""

    series: list[SeriesIndex]
    skipped: list[SkippedFile]


def scan(files: Iterable[Path], on_file: Callable[[int], None] | None = None, kind: ImageKind = CT) -> SeriesFound:
    """Sort files into series by their headers.

    Parameters
    ----------
    files
        Any files; those that are no slice of ``kind`` are left out and named.
    on_file
        Called with the number of files read so far.
    kind
        Of images that are wanted.
    """
    known: dict[Belonging, Belonging] = {}
    records: list[SliceRecord] = []
    skipped: list[SkippedFile] = []
    for count, path in enumerate(files, 1):
        found, refused = slices_of(path, known, kind)
        records += found
        skipped += refused
        if on_file is not None:
            on_file(count)
    try:
        groups, strays = group(records, kind)
    except Exception as error:
        # one series that can't be sorted must not cost the others
        groups, strays = _one_by_one(records, error, kind)
    skipped += strays
    names = _names(groups)
    series = [_index(one, name, skipped, kind) for one, name in zip(groups, names, strict=True)]
    return SeriesFound(sorted(series, key=lambda one: (_as_integer(one.number), one.name)), skipped)


def _one_by_one(records: list[SliceRecord], error: Exception, kind: ImageKind) -> tuple[list[Group], list[SkippedFile]]:
    groups: list[Group] = []
    skipped: list[SkippedFile] = []
    for uid in dict.fromkeys(record.of.series for record in records):
        members = [record for record in records if record.of.series == uid]
        try:
            found, strays = group(members, kind)
        except Exception as problem:
            reason = f"its series can't be sorted out: {first_line(problem or error)}"
            skipped += [SkippedFile(str(r.source.path), reason, Kind.UNSUPPORTED, uid) for r in members]
            continue
        groups += found
        skipped += strays
    return groups, skipped


def _index(one: Group, name: str, skipped: list[SkippedFile], kind: ImageKind) -> SeriesIndex:
    of = one.records[0].of
    lost = tuple(item for item in skipped if item.series_uid == of.series and item.kind is Kind.BROKEN)
    notes = list(one.notes)
    if of.series.startswith(NO_UID):
        notes.append("SeriesInstanceUID is missing; slices were sorted by number, description and time of their series")
    if any(record.assumed for record in one.records):
        notes.append("positions of the frames follow from SpacingBetweenSlices; the file gives none")
    return SeriesIndex(
        name, of.series, of.number, of.description, tuple(notes), one.ambiguous, tuple(one.records), lost, kind
    )


def _names(groups: list[Group]) -> list[str]:
    """Distinct names that depend on what a series is, not on the order of files."""
    plain = [_slug(f"{one.records[0].of.number[:24]} {one.part}") for one in groups]
    count = Counter(plain)
    names = []
    for one, name in zip(groups, plain, strict=True):
        if count[name] > 1:
            of, first = one.records[0].of, min(record.instance for record in one.records)
            identity = (of.series, of.patient, of.patient_name, of.study, of.frame_of_reference, one.part, first)
            name += "_" + hashlib.sha256("\0".join(identity).encode("utf-8", "replace")).hexdigest()[:6]
        names.append(name)
    taken: set[str] = set()
    for index, name in enumerate(names):
        number = 2
        while names[index] in taken:
            names[index] = f"{name}_{number}"
            number += 1
        taken.add(names[index])
    return names


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")[:64] or "series"


def _as_integer(number: str) -> int:
    digits = number.strip()[:32]
    return int(digits) if re.fullmatch(r"[+-]?[0-9]+", digits) else 0
