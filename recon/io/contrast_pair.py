"""The two scans of a contrast job, NIfTI or DICOM, as volumes with geometry and what their headers say."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import MRImageStorage

from recon.errors import UnreadableInput
from recon.io.dicom.read.find import find_files
from recon.io.nifti import NiftiVolume, is_nifti, read_nifti
from recon.volumes import FloatImage, Geometry, Unit, Volume

_FEWEST = 5
_EVEN = 0.05
_OWN = "recon"
#: Header fields that two scans of one protocol share, and how much they may differ.
_PROTOCOL = {"RepetitionTime": 0.02, "EchoTime": 0.05, "FlipAngle": 0.02, "InversionTime": 0.02}


@dataclass(frozen=True)
class ContrastScan:
    """One scan.

    Attributes
    ----------
    path
        As given.
    volume
        (slice, y, x), in the scanner's own unit.
    nifti
        The file, when it is one.
    files
        DICOM files in the order of the slices; empty for NIfTI.
    patient, frame_of_reference
        From the headers; empty for NIfTI.
    protocol
        What the headers say of the sequence.
    notes
        What a person should know.
    """

    path: Path
    volume: Volume
    nifti: NiftiVolume | None = None
    files: tuple[Path, ...] = ()
    patient: str = ""
    frame_of_reference: str = ""
    protocol: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ContrastPair:
    """Scan before contrast and scan after the reduced dose; notes name what differs between their headers."""

    pre: ContrastScan
    low: ContrastScan
    notes: tuple[str, ...] = ()


def read_pair(pre: Path, low: Path) -> ContrastPair:
    """Read both scans.

    Raises
    ------
    UnreadableInput
        When a scan can't be read, both are the same file, or the headers name two patients.
    """
    if pre.resolve() == low.resolve():
        raise UnreadableInput(f"{pre}: given as both --pre and --low; two scans are needed")
    before, after = read_scan(pre), read_scan(low)
    if before.patient and after.patient and before.patient != after.patient:
        raise UnreadableInput(f"{low}: belongs to another patient than {pre}; choose two scans of one patient")
    notes = [f"pre: {note}" for note in before.notes] + [f"low: {note}" for note in after.notes]
    for name, tolerance in _PROTOCOL.items():
        ours, theirs = before.protocol.get(name), after.protocol.get(name)
        if ours is not None and theirs is not None and abs(ours - theirs) > tolerance * max(abs(ours), 1e-6):
            notes.append(f"{name} is {ours:g} before and {theirs:g} after contrast; the sequences differ")
    return ContrastPair(before, after, tuple(notes))


def read_scan(path: Path) -> ContrastScan:
    """Read a NIfTI file, or a DICOM file or folder that holds one MR series.

    Raises
    ------
    UnreadableInput
        When there is no such scan, or more than one.
    """
    if is_nifti(path):
        nifti = read_nifti(path)
        volume = Volume(nifti.volume.values, nifti.volume.geometry, Unit.ARBITRARY)
        if volume.shape[0] < _FEWEST:
            raise UnreadableInput(f"{path}: has {volume.shape[0]} slices; at least {_FEWEST} are needed")
        return ContrastScan(path, volume, nifti=nifti, notes=tuple(nifti.notes))
    return _read_dicom(path)


def _read_dicom(path: Path) -> ContrastScan:
    slices: list[tuple[Dataset, Path]] = []
    reasons: Counter[str] = Counter()
    for file in find_files([path]):
        try:
            dataset = pydicom.dcmread(file)
            slices.append((_require_slice(dataset), file))
        except UnreadableInput as error:
            reasons[error.problem] += 1
        except Exception as error:  # pydicom raises whatever it likes on damaged files
            reasons[f"damaged or no DICOM file ({str(error).splitlines()[0] if str(error) else error!r})"] += 1
    if not slices:
        why = "; ".join(reason for reason, _ in reasons.most_common(3)) or "it is empty"
        raise UnreadableInput(f"{path}: holds no MR series ({why})")
    series = Counter(str(dataset.get("SeriesInstanceUID", "")) for dataset, _ in slices)
    if len(series) > 1:
        raise UnreadableInput(f"{path}: holds {len(series)} MR series; give a folder with one")
    normal = _normal(slices[0][0])
    slices.sort(key=lambda one: float(np.dot(normal, _position(one[0]))))
    geometry = _geometry([dataset for dataset, _ in slices], path)
    try:
        planes = [_values(dataset) for dataset, _ in slices]
    except Exception as error:
        raise UnreadableInput(f"{path}: pixels can't be decoded ({str(error).splitlines()[0]})") from error
    if len({plane.shape for plane in planes}) > 1:
        raise UnreadableInput(f"{path}: slices of different matrix; give a folder with one series")
    notes = tuple(f"{count} files left out: {reason}" for reason, count in reasons.items())
    first = slices[0][0]
    return ContrastScan(
        path, Volume(np.stack(planes), geometry, Unit.ARBITRARY), files=tuple(file for _, file in slices),
        patient=str(first.get("PatientID", "") or ""),
        frame_of_reference=str(first.get("FrameOfReferenceUID", "") or ""),
        protocol=_protocol(first), notes=notes,
    )  # fmt: skip


def _require_slice(dataset: Dataset) -> Dataset:
    """Refuse what is no MR slice with a place."""
    if str(dataset.get("SOPClassUID", "")) != str(MRImageStorage):
        raise UnreadableInput("not a single-frame MR image")
    for equipment in dataset.get("ContributingEquipmentSequence") or []:
        if str(equipment.get("Manufacturer", "")) == _OWN and "SIMULATED" not in list(dataset.get("ImageType") or []):
            raise UnreadableInput("written by recon; own results are no input")
    for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
        if not dataset.get(name):
            raise UnreadableInput(f"a slice without {name}")
    if int(dataset.get("SamplesPerPixel", 1)) != 1:
        raise UnreadableInput("a colour picture")
    return dataset


def _protocol(dataset: Dataset) -> dict[str, float]:
    found = {}
    for name in _PROTOCOL:
        try:
            found[name] = float(dataset[name].value)
        except (KeyError, TypeError, ValueError):
            continue
    return found


def _position(dataset: Dataset) -> FloatImage:
    return np.array([float(value) for value in dataset.ImagePositionPatient])


def _normal(dataset: Dataset) -> FloatImage:
    along = np.array([float(value) for value in dataset.ImageOrientationPatient])
    return np.cross(along[:3], along[3:])


def _geometry(slices: list[Dataset], path: Path) -> Geometry:
    """Affine of evenly spaced slices."""
    if len(slices) < _FEWEST:
        raise UnreadableInput(f"{path}: has {len(slices)} slices; at least {_FEWEST} are needed")
    along = np.array([float(value) for value in slices[0].ImageOrientationPatient])
    normal = np.cross(along[:3], along[3:])
    places = np.array([_position(dataset) for dataset in slices])
    steps = np.diff(places @ normal)
    step = float(np.median(steps))
    if step < 1e-3:
        raise UnreadableInput(f"{path}: slices lie at the same place; give a folder with one series")
    uneven = np.flatnonzero(np.abs(steps - step) > _EVEN * step + 0.01)
    if len(uneven):
        index = int(uneven[0])
        raise UnreadableInput(
            f"{path}: {steps[index]:.2f} mm between slices {index + 1} and {index + 2}, {step:.2f} mm elsewhere; "
            "slices are missing or doubled, export the series again"
        )
    row_mm, column_mm = (float(value) for value in slices[0].PixelSpacing)
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1] = along[:3] * column_mm, along[3:] * row_mm
    affine[:3, 2] = (places[-1] - places[0]) / (len(slices) - 1)
    affine[:3, 3] = places[0]
    return Geometry(affine)


def _values(dataset: Dataset) -> FloatImage:
    """Stored values with the rescale of the file."""
    slope, intercept = float(dataset.get("RescaleSlope", 1) or 1), float(dataset.get("RescaleIntercept", 0) or 0)
    stored = dataset.pixel_array
    if stored.ndim != 2:
        raise ValueError("more than one frame")
    return (stored * np.float32(slope) + np.float32(intercept)).astype(np.float32)
