"""Series of images: sorted out from headers alone, then read one at a time."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recon.errors import UnreadableInput
from recon.io.dicom.read.geometry import SAME_PLACE_MM, along_normal, geometry_of, spacing_notes
from recon.io.dicom.read.grouping import Group, group
from recon.io.dicom.read.kinds import CT, ImageKind
from recon.io.dicom.read.pixels import StoredSlice, read_slice
from recon.io.dicom.read.records import NO_UID, Belonging, SliceRecord, SliceSource, slices_of
from recon.io.dicom.read.skipped import Kind, Refused, SkippedFile, first_line
from recon.quality.verdict import Check, measure
from recon.volumes import FloatImage, Volume

_PADDED_SHARE = 0.95
#: A file whose first frames can't be read is given up.
_HOPELESS = 3


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


@dataclass(frozen=True)
class ImageSeries:
    """One series with its pixels.

    Attributes
    ----------
    uid, number, description
        Of the series.
    volume
        (slice, y, x) in the unit of its kind, slices ordered along the normal of the image plane;
        padding holds -2000 HU, or 0 in MR.
    sources
        Of each slice.
    notes
        What a person should know: slices missing, duplicates left out.
    padding
        (slice, y, x) where the files declare padding; None where they declare none.
    skipped
        Files left out while their pixels were read.
    checks
        Of the series: gaps, spacing, slices lost, what could not be told apart.
    """

    uid: str
    number: str
    description: str
    volume: Volume
    sources: list[SliceSource]
    notes: list[str] = field(default_factory=list)
    padding: npt.NDArray[np.bool_] | None = None
    skipped: list[SkippedFile] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)


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


def load(index: SeriesIndex) -> ImageSeries:
    """Read the pixels of one series.

    Raises
    ------
    UnreadableInput
        When no slice of it can be read.
    """
    kept: list[SliceRecord] = []
    planes: list[FloatImage] = []
    masks: list[npt.NDArray[np.bool_] | None] = []
    notes, skipped = list(index.notes), list[SkippedFile]()
    along = along_normal(index.records)
    last = -np.inf
    here = 0
    clashes, lost = 0, len(index.lost)
    failures: Counter[Path] = Counter()
    said: dict[str, list[str]] = defaultdict(list)
    for record, place in zip(index.records, along, strict=True):
        path = record.source.path
        if failures[path] >= _HOPELESS and not any(other.source.path == path for other in kept[-1:]):
            lost += 1
            continue
        try:
            stored = read_slice(record.source)
            plane = stored.image
        except Refused as error:
            lost += 1
            failures[path] += 1
            item = SkippedFile(str(path), error.problem, error.kind, index.uid)
            skipped += [] if item in skipped[-1:] else [item]
            continue
        if kept and place - last < SAME_PLACE_MM:
            same = next((i for i in range(here, len(kept)) if np.array_equal(planes[i], plane)), None)
            if same is not None:
                said["repeats"].append(f"{path.name} repeats {kept[same].source.path.name} and was left out")
                continue
            clashes += 1
            if clashes == 1:
                notes.append(
                    f"{kept[-1].source.path.name} and {path.name} lie at the same place and differ; no attribute "
                    "tells the scans apart, so all slices were kept in one series"
                )
        else:
            here, last = len(kept), float(place)
        for note in (*stored.notes, *_padding_note(stored)):
            said[note[:16]].append(f"{path.name}: {note}")
        kept.append(record)
        planes.append(plane)
        masks.append(stored.padding)
    if not kept:
        reasons = "; ".join(sorted({item.reason for item in skipped}))[:300]
        raise UnreadableInput(f"series {index.number} ({index.uid}): no slice can be read: {reasons}")
    if clashes > 1:
        notes.append(f"{clashes} slices lie where another one lies")
    for same_notes in said.values():
        more = len(same_notes) - 1
        notes.append(same_notes[0] + (f" (and {more} more like it)" if more else ""))
    spacing, checks = spacing_notes(kept)
    checks += [
        measure(
            "slices_lost",
            float(lost),
            unit="",
            upper=0.0,
            message="files of the series that can't be read",
            action="fetch the series again; the report names them",
        ),
        measure(
            "grouping",
            float(clashes),
            unit="",
            upper=0.0,
            message="slices that lie where another one lies",
            action="two acquisitions may be mixed; export them as series of their own",
        ),
    ]
    return ImageSeries(
        index.uid, index.number, index.description,
        Volume(np.stack(planes), geometry_of(kept), index.kind.unit, whole_numbers=all(map(_is_whole, planes))),
        [record.source for record in kept],
        notes + spacing,
        _stacked(masks),
        skipped,
        checks,
    )  # fmt: skip


def _is_whole(plane: FloatImage) -> bool:
    """Whether 16-bit integers hold every sample as it is."""
    with np.errstate(invalid="ignore"):  # NaN and what is too large become something else, and differ
        return bool(np.array_equal(plane, plane.astype(np.int16)))


def read_series(files: Iterable[Path], kind: ImageKind = CT) -> tuple[list[ImageSeries], list[SkippedFile]]:
    """All series of a few files at once, with their pixels; for many, :func:`scan` and :func:`load` one by one.

    Parameters
    ----------
    files
        Any files; those that are no slice of ``kind`` are left out and named.
    kind
        Of images that are wanted.

    Returns
    -------
    tuple[list[ImageSeries], list[Skipped]]
        Series in the order of their numbers, and what was left out.
    """
    found = scan(files, kind=kind)
    series: list[ImageSeries] = []
    skipped = list(found.skipped)
    for index in found.series:
        try:
            loaded = load(index)
        except UnreadableInput as error:
            paths = dict.fromkeys(str(record.source.path) for record in index.records)
            skipped += [SkippedFile(path, error.problem, Kind.BROKEN, index.uid) for path in paths]
            continue
        series.append(loaded)
        skipped += loaded.skipped
    return series, skipped


def _padding_note(stored: StoredSlice) -> list[str]:
    if stored.padding is None or stored.padding.mean() < _PADDED_SHARE:
        return []
    return [f"PixelPaddingValue declares {stored.padding.mean():.0%} of it padding"]


def _stacked(masks: list[npt.NDArray[np.bool_] | None]) -> npt.NDArray[np.bool_] | None:
    shape = next((mask.shape for mask in masks if mask is not None), None)
    if shape is None:
        return None
    return np.stack([np.zeros(shape, bool) if mask is None else mask for mask in masks])
