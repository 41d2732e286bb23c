"""Series that recon wrote, read back to be compared: elsewhere they are no input."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_rescale

from recon.errors import UnreadableInput
from recon.io.dicom.read.find import find_files
from recon.io.dicom.read.foreign import OWN, image_type
from recon.io.dicom.read.headers import items, text
from recon.io.dicom.read.records import SliceSource
from recon.volumes import FloatImage, Geometry, Unit, Volume

_EVEN = 0.02


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
    found: dict[str, list[tuple[Path, Dataset]]] = defaultdict(list)
    for path in find_files([folder]):
        try:
            header = pydicom.dcmread(path, stop_before_pixels=True)
        except Exception:  # noqa: S112 - whatever is no DICOM file is no series of ours
            continue
        made = any(text(one, "Manufacturer") == OWN for one in items(header, "ContributingEquipmentSequence"))
        if made and wanted(image_type(header)[-1]):
            found[str(header.SeriesInstanceUID)].append((path, header))
    return [_series(files) for files in found.values()]


def _series(files: list[tuple[Path, Dataset]]) -> OwnSeries:
    first = files[0][1]
    try:
        across, down = np.asarray(first.ImageOrientationPatient, float).reshape(2, 3)
        normal = np.cross(across, down)
        places = [np.asarray(header.ImagePositionPatient, float) for _, header in files]
        row_mm, column_mm = (float(value) for value in first.PixelSpacing)
    except (AttributeError, TypeError, ValueError) as error:
        raise UnreadableInput(f"{files[0][0]}: says not where it lies ({error})") from error
    order = sorted(range(len(files)), key=lambda index: float(places[index] @ normal))
    along = np.array([places[index] @ normal for index in order])
    steps = np.diff(along)
    if len(steps) and (steps.min() <= 0 or steps.max() - steps.min() > _EVEN * steps.max() + 0.11):
        raise UnreadableInput(f"{files[0][0].parent}: slices of a series are missing; send or process it again")
    step = (places[order[-1]] - places[order[0]]) / max(1, len(files) - 1)
    if len(files) == 1:
        step = normal * float(first.get("SliceThickness") or 1.0)
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = across * column_mm, down * row_mm, step
    affine[:3, 3] = places[order[0]]
    values = np.stack([_pixels(files[index][0]) for index in order])
    kind = image_type(first)[-1]
    unit = Unit.HU if text(first, "Modality") == "CT" else Unit.ARBITRARY
    sources = [SliceSource(files[index][0], None, _point(places[index])) for index in order]
    (equipment,) = [one for one in items(first, "ContributingEquipmentSequence") if text(one, "Manufacturer") == OWN][
        -1:
    ]
    model = text(equipment, "ManufacturerModelName")
    derivation = text(first, "DerivationDescription")
    return OwnSeries(kind, Volume(values, Geometry(affine), unit), sources, model, derivation)


def _point(place: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in place)
    return x, y, z


def _pixels(path: Path) -> FloatImage:
    try:
        dataset = pydicom.dcmread(path)
        return np.asarray(apply_rescale(dataset.pixel_array, dataset), np.float32)
    except Exception as error:  # pydicom and its decoders raise whatever they like on damaged files
        words = (str(error).splitlines() or [type(error).__name__])[0]
        raise UnreadableInput(f"{path}: damaged ({words})") from error
