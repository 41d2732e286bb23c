"""Series of images with their pixels, one at a time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from recon.arrays import Mask
from recon.errors import UnreadableInput
from recon.io.dicom.read.geometry import SAME_PLACE_MM, along_normal, geometry_of, spacing_notes
from recon.io.dicom.read.index import SeriesIndex, scan
from recon.io.dicom.read.kinds import CT, ImageKind
from recon.io.dicom.read.pixels import StoredSlice, read_slice
from recon.io.dicom.read.records import SliceRecord, SliceSource
from recon.io.dicom.read.skipped import Kind, Refused, SkippedFile
from recon.quality.verdict import Check, measure
from recon.volumes import FloatImage, Volume

_PADDED_SHARE = 0.95
#: A file whose first frames can't be read is given up.
_HOPELESS = 3


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
    padding: Mask | None = None
    skipped: list[SkippedFile] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)


def load(index: SeriesIndex) -> ImageSeries:
    """Read the pixels of one series.

    Raises
    ------
    UnreadableInput
        When no slice of it can be read.
    """
    kept: list[SliceRecord] = []
    planes: list[FloatImage] = []
    masks: list[Mask | None] = []
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
        index.uid,
        index.number,
        index.description,
        Volume(np.stack(planes), geometry_of(kept), index.kind.unit, whole_numbers=all(map(_is_whole, planes))),
        [record.source for record in kept],
        notes + spacing,
        _stacked(masks),
        skipped,
        checks,
    )


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
    tuple[list[ImageSeries], list[SkippedFile]]
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


def _stacked(masks: list[Mask | None]) -> Mask | None:
    shape = next((mask.shape for mask in masks if mask is not None), None)
    if shape is None:
        return None
    return np.stack([np.zeros(shape, bool) if mask is None else mask for mask in masks])
