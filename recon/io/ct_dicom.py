"""CT series from DICOM files: sorted out by series, slices by position, values in HU."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import CTImageStorage, EnhancedCTImageStorage

from recon.errors import UnreadableInput
from recon.volumes import FloatImage, Geometry, Volume

_CT_CLASSES = {CTImageStorage, EnhancedCTImageStorage}
_LARGEST_SIDE = 4096
_MOST_FRAMES = 10_000


@dataclass(frozen=True)
class Skipped:
    """A file that is not part of any CT series, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class SliceSource:
    """Where a slice comes from: a file and, in a multi-frame file, the frame."""

    path: Path
    frame: int | None
    position: tuple[float, float, float]


@dataclass(frozen=True)
class CtSeries:
    """One CT series.

    Attributes
    ----------
    uid, number, description
        Of the series.
    volume
        (slice, y, x) HU, slices ordered along the normal of the image plane.
    sources
        Of each slice.
    notes
        What a person should know: slices missing, duplicates left out.
    """

    uid: str
    number: str
    description: str
    volume: Volume
    sources: list[SliceSource]
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Header:
    """What is needed to place and group one slice, before its pixels are read."""

    source: SliceSource
    uid: str
    number: str
    description: str
    rows: int
    columns: int
    orientation: tuple[float, ...]
    spacing: tuple[float, float]
    instance: str


def find_files(inputs: Sequence[Path]) -> list[Path]:
    """All files under the given files and folders.

    Raises
    ------
    UnreadableInput
        When one does not exist or can't be read.
    """

    def refuse(error: OSError) -> None:
        raise UnreadableInput(f"{error.filename}: {error.strerror}; check its permissions")

    files: list[Path] = []
    for path in inputs:
        if not path.exists():
            raise UnreadableInput(f"{path}: no such file or folder")
        if path.is_dir():
            for folder, _, names in sorted(os.walk(path, onerror=refuse)):
                files += [Path(folder) / name for name in sorted(names) if not name.startswith(".")]
        else:
            files.append(path)
    return files


def read_series(files: Iterable[Path]) -> tuple[list[CtSeries], list[Skipped]]:
    """Sort files into CT series.

    Parameters
    ----------
    files
        Any files; those that are no CT slice are skipped and named.

    Returns
    -------
    tuple[list[CtSeries], list[Skipped]]
        Series in the order of their numbers, and what was left out.
    """
    groups: dict[tuple[object, ...], list[_Header]] = defaultdict(list)
    skipped: list[Skipped] = []
    for path in files:
        try:
            headers = _headers(path)
        except UnreadableInput as error:
            skipped.append(Skipped(str(path), error.problem))
            continue
        except Exception as error:  # pydicom raises whatever it likes on damaged headers
            skipped.append(Skipped(str(path), f"broken DICOM header: {_line(error)}"))
            continue
        for header in headers:
            direction = tuple(round(value, 3) for value in header.orientation)
            key = (header.uid, header.rows, header.columns, direction, header.spacing)
            groups[key].append(header)
    series = []
    for members in groups.values():
        found = _series(members, skipped)
        if found is not None:
            series.append(found)
    return sorted(series, key=lambda item: (item.number.zfill(8), item.uid)), skipped


def _headers(path: Path) -> list[_Header]:
    """The slices of one file."""
    dataset = open_dataset(path)
    modality = str(dataset.get("Modality", ""))
    kind = [str(value).upper() for value in dataset.get("ImageType", [])]
    sop_class = dataset.get("SOPClassUID")
    if sop_class not in _CT_CLASSES:
        name = sop_class.name if sop_class else "no SOP class"
        raise UnreadableInput(f"not a CT image ({modality or 'no modality'}, {name})")
    if modality != "CT":
        raise UnreadableInput(f"modality is {modality or 'missing'}, not CT")
    if "LOCALIZER" in kind:
        raise UnreadableInput("a localizer, not a slice")
    if "UNCERTAINTY" in kind:
        raise UnreadableInput("an uncertainty map, not an image")
    if int(dataset.get("SamplesPerPixel", 1)) != 1:
        raise UnreadableInput("a colour picture, not a slice")
    rows, columns = int(dataset.get("Rows", 0)), int(dataset.get("Columns", 0))
    frames = int(dataset.get("NumberOfFrames", 1) or 1)
    if not (0 < rows <= _LARGEST_SIDE and 0 < columns <= _LARGEST_SIDE and 0 < frames <= _MOST_FRAMES):
        raise UnreadableInput(f"declares {frames} frames of {rows}x{columns}, which is no CT image")
    common = {
        "uid": str(dataset.get("SeriesInstanceUID", "")),
        "number": str(dataset.get("SeriesNumber", "") or "0"),
        "description": str(dataset.get("SeriesDescription", "")),
        "rows": rows,
        "columns": columns,
        "instance": str(dataset.get("SOPInstanceUID", "")),
    }
    if not common["uid"]:
        raise UnreadableInput("has no SeriesInstanceUID")
    if sop_class == EnhancedCTImageStorage:
        return [_frame_header(path, dataset, frame, common) for frame in range(frames)]
    _require_rescale(dataset)
    return [_place(path, None, dataset, dataset, dataset, common)]


def open_dataset(path: Path) -> Dataset:
    """Read a file's header; pixels are left on disk.

    Raises
    ------
    UnreadableInput
        When it is no DICOM file.
    """
    try:
        empty = path.stat().st_size == 0
        dataset = None if empty else pydicom.dcmread(path, stop_before_pixels=True, force=False)
    except InvalidDicomError:
        raise UnreadableInput("not a DICOM file") from None
    except OSError as error:
        raise UnreadableInput(f"can't be read: {error.strerror or error}") from error
    except Exception as error:  # pydicom raises whatever it likes on damaged headers
        raise UnreadableInput(f"broken DICOM header: {_line(error)}") from error
    if dataset is None:
        raise UnreadableInput("an empty file")
    return dataset


def _frame_header(path: Path, dataset: Dataset, frame: int, common: dict[str, Any]) -> _Header:
    _require_rescale(functional_group(dataset, frame, "PixelValueTransformationSequence"))
    return _place(
        path, frame,
        functional_group(dataset, frame, "PlanePositionSequence"),
        functional_group(dataset, frame, "PlaneOrientationSequence"),
        functional_group(dataset, frame, "PixelMeasuresSequence"),
        common,
    )  # fmt: skip


def functional_group(dataset: Dataset, frame: int, name: str) -> Dataset:
    """One functional group of a frame: its own, or else the shared one; empty when absent."""
    per_frame = dataset.get("PerFrameFunctionalGroupsSequence") or []
    shared = dataset.get("SharedFunctionalGroupsSequence") or []
    for group in (*per_frame[frame : frame + 1], *shared):
        if group.get(name):
            return group[name][0]
    return Dataset()


def _require_rescale(dataset: Dataset) -> None:
    if "RescaleSlope" not in dataset or "RescaleIntercept" not in dataset:
        raise UnreadableInput("has no Rescale Slope and Intercept, so its values can't be taken for HU")


def _place(
    path: Path, frame: int | None, position: Dataset, direction: Dataset, measures: Dataset,
    common: dict[str, Any],
) -> _Header:  # fmt: skip
    try:
        place = tuple(float(value) for value in position.ImagePositionPatient)
        orientation = tuple(float(value) for value in direction.ImageOrientationPatient)
        spacing = tuple(float(value) for value in measures.PixelSpacing)
        numbers = np.array([*place, *orientation, *spacing])
        if len(place) != 3 or len(orientation) != 6 or len(spacing) != 2 or not np.isfinite(numbers).all():
            raise ValueError("wrong number of values")
        if min(spacing) <= 0 or np.linalg.norm(np.cross(orientation[:3], orientation[3:])) < 0.5:
            raise ValueError("impossible spacing or orientation")
    except (AttributeError, TypeError, ValueError) as error:
        raise UnreadableInput(f"has no usable position, orientation or pixel spacing: {_line(error)}") from None
    source = SliceSource(path, frame, place)
    return _Header(source=source, orientation=orientation, spacing=(spacing[0], spacing[1]), **common)


def _series(members: list[_Header], skipped: list[Skipped]) -> CtSeries | None:
    """Read the pixels of one series and put its slices in order."""
    first = members[0]
    across, down = np.array(first.orientation[:3]), np.array(first.orientation[3:])
    normal = np.cross(across, down)
    ordered = sorted(members, key=lambda header: float(np.dot(header.source.position, normal)))
    kept: list[_Header] = []
    planes: list[FloatImage] = []
    notes: list[str] = []
    cache: tuple[Path, npt.NDArray[np.float32]] | None = None
    for header in ordered:
        path = header.source.path
        try:
            if cache is None or cache[0] != path:
                cache = (path, _pixels_hu(path))
        except UnreadableInput as error:
            skipped.append(Skipped(str(path), error.problem))
            continue
        plane = cache[1][header.source.frame or 0]
        if kept and np.allclose(kept[-1].source.position, header.source.position, atol=1e-3):
            if not np.array_equal(planes[-1], plane):
                raise UnreadableInput(
                    f"{kept[-1].source.path.name} and {path.name} lie at the same place and differ; "
                    f"series {first.uid} holds two scans, separate them"
                )
            notes.append(f"{path.name} repeats {kept[-1].source.path.name} and was left out")
            continue
        kept.append(header)
        planes.append(plane)
    if not kept:
        return None
    positions = np.array([header.source.position for header in kept])
    notes += _gaps(positions, normal)
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1] = across * first.spacing[1], down * first.spacing[0]
    affine[:3, 2] = (positions[-1] - positions[0]) / (len(kept) - 1) if len(kept) > 1 else normal
    affine[:3, 3] = positions[0]
    return CtSeries(
        first.uid, first.number, first.description,
        Volume(np.stack(planes), Geometry(affine), whole_numbers=all(_is_whole(plane) for plane in planes)),
        [header.source for header in kept],
        notes,
    )  # fmt: skip


def _is_whole(plane: FloatImage) -> bool:
    """Whether 16-bit integers hold every sample as it is."""
    with np.errstate(invalid="ignore"):  # NaN and what is too large become something else, and differ
        return bool(np.array_equal(plane, plane.astype(np.int16)))


def _gaps(positions: npt.NDArray[np.float64], normal: npt.NDArray[np.float64]) -> list[str]:
    along = positions @ normal
    steps = np.diff(along)
    if len(steps) < 2:
        return []
    usual = float(np.median(steps))
    return [
        f"slices missing: {round(step / usual) - 1} between {along[index]:.1f} and {along[index + 1]:.1f} mm"
        for index, step in enumerate(steps)
        if step > 1.5 * usual
    ]


def _pixels_hu(path: Path) -> npt.NDArray[np.float32]:
    """All frames (frame, y, x) of a file in HU."""
    try:
        dataset = pydicom.dcmread(path)
        if "PixelData" not in dataset:
            raise UnreadableInput("has no pixel data")
        _check_length(dataset)
        stored = dataset.pixel_array
        frames = stored[None] if stored.ndim == 2 else stored
        scaled = np.empty(frames.shape, np.float32)
        for index, frame in enumerate(frames):
            slope, intercept = rescale(dataset, index)
            scaled[index] = frame * slope + intercept
    except UnreadableInput:
        raise
    except Exception as error:  # decoders raise whatever they like
        raise UnreadableInput(f"pixels can't be decoded (truncated or damaged): {_line(error)}") from error
    return scaled


def _check_length(dataset: Dataset) -> None:
    """Refuse data that is shorter than the header promises before memory is taken for it."""
    if dataset.file_meta.TransferSyntaxUID.is_compressed:
        return
    frames = int(dataset.get("NumberOfFrames", 1) or 1)
    promised = int(dataset.Rows) * int(dataset.Columns) * frames * int(dataset.BitsAllocated) // 8
    if len(dataset.PixelData) < promised:
        raise UnreadableInput(f"truncated: {len(dataset.PixelData)} of {promised} bytes of pixels")


def rescale(dataset: Dataset, frame: int) -> tuple[float, float]:
    """Rescale slope and intercept of a frame."""
    source = dataset
    if dataset.SOPClassUID == EnhancedCTImageStorage:
        source = functional_group(dataset, frame, "PixelValueTransformationSequence")
    slope, intercept = float(source.RescaleSlope), float(source.RescaleIntercept)
    if not (np.isfinite([slope, intercept]).all() and slope != 0):
        raise UnreadableInput(f"has Rescale Slope {slope} and Intercept {intercept}, which give no HU")
    return slope, intercept


def _line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__)[:160]
