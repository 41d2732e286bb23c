"""Series that recon wrote, read back to be compared: elsewhere they are no input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from recon.errors import UnreadableInput
from recon.io.dicom.read.find import find_files
from recon.io.dicom.read.foreign import own_equipment
from recon.io.dicom.read.headers import open_header, text
from recon.io.dicom.read.index import SeriesIndex, scan
from recon.io.dicom.read.kinds import KINDS
from recon.io.dicom.read.records import SliceSource
from recon.io.dicom.read.series import load
from recon.io.dicom.read.skipped import Kind
from recon.volumes import Volume


@dataclass(frozen=True)
class OwnSeries:
    """One series.

    Attributes
    ----------
    kind
        Last value of ImageType.
    volume
        (slice, y, x), slices ordered along the normal of the image plane.
    sources
        Of each slice.
    model
        Name, version and checksum.
    derivation
        How the pixels came about, in words.
    """

    kind: str
    volume: Volume
    sources: list[SliceSource]
    model: str
    derivation: str


def read_own(folder: Path, wanted: Callable[[str], bool]) -> list[OwnSeries]:
    """The series in a folder that recon wrote.

    Parameters
    ----------
    folder
        That they lie in, at any depth.
    wanted
        Whether a kind of series is.

    Raises
    ------
    UnreadableInput
        When a file of them is damaged, or slices are missing.
    """
    files = find_files([folder])
    found: list[OwnSeries] = []
    for kind in KINDS:
        known = scan(files, kind=replace(kind, own=True))
        for item in known.skipped:
            if item.kind is Kind.BROKEN and item.series_uid:
                raise UnreadableInput(f"{item.path}: {item.reason}")
        found += [_series(folder, index) for index in known.series if wanted(_kind(index))]
    return found


def _kind(index: SeriesIndex) -> str:
    return index.records[0].of.kind.rpartition("\\")[2]


def _series(folder: Path, index: SeriesIndex) -> OwnSeries:
    series = load(index)
    if series.skipped:
        raise UnreadableInput(f"{series.skipped[0].path}: {series.skipped[0].reason}")
    if any(check.value > 0 for check in series.checks):
        raise UnreadableInput(f"{folder}: slices of a series are missing; send or process it again")
    header = open_header(series.sources[0].path)
    equipment = own_equipment(header)
    model = "" if equipment is None else text(equipment, "ManufacturerModelName")
    return OwnSeries(_kind(index), series.volume, series.sources, model, text(header, "DerivationDescription"))
