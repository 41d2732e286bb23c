"""One small record a slice, from the header alone: what places it and what it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from recon.io.dicom.read.foreign import image_type, require_image
from recon.io.dicom.read.headers import functional_group, integer, number, numbers, open_header, quietly, text
from recon.io.dicom.read.kinds import MR, ImageKind, sop_class
from recon.io.dicom.read.skipped import Kind, Refused, SkippedFile, first_line
from recon.io.dicom.read.tags import TAGS
from recon.volumes import LARGEST_MM, SMALLEST_MM

#: What the key of a series without SeriesInstanceUID starts with.
NO_UID = "without SeriesInstanceUID:"
_LARGEST_SIDE = 4096
_MOST_FRAMES = 10_000
_FLAT = 0.05
#: BitsAllocated that can be read.
CONTAINERS = (8, 16, 32)


@dataclass(frozen=True, slots=True)
class SliceSource:
    """Where a slice comes from: a file and, in a multi-frame file, the frame; position in mm (LPS)."""

    path: Path
    frame: int | None
    position: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Belonging:
    """What slices of one scan share; one object for all of them."""

    patient: str
    patient_name: str
    study: str
    series: str
    frame_of_reference: str
    number: str
    description: str
    kernel: str
    diameter: str
    kind: str
    rows: int
    columns: int
    orientation: tuple[float, ...]
    spacing: tuple[float, float]


@dataclass(frozen=True, slots=True)
class SliceRecord:
    """One slice: its place, what it belongs to, and what may tell it from another one at the same place."""

    source: SliceSource
    of: Belonging
    instance: str
    instance_number: float
    thickness: float
    acquisition: str
    acquisition_uid: str
    phase: str
    time_s: float
    settings: str
    stack: str
    assumed: bool


def slices_of(
    path: Path, known: dict[Belonging, Belonging], kind: ImageKind
) -> tuple[list[SliceRecord], list[SkippedFile]]:
    """The slices of one file.

    Parameters
    ----------
    path
        Of the file.
    known
        Belongings met so far, so that each is kept once.
    kind
        Of slices that are wanted.

    Returns
    -------
    tuple[list[SliceRecord], list[Skipped]]
        Slices, and the frames or the file left out.
    """
    series = ""
    try:
        dataset = open_header(path, TAGS)
        with quietly():
            series = series_key(dataset)
            return _slices(path, dataset, known, series, kind)
    except Refused as error:
        return [], [SkippedFile(str(path), error.problem, error.kind, series)]
    except Exception as error:  # pydicom raises whatever it likes on damaged headers
        return [], [SkippedFile(str(path), f"broken DICOM header: {first_line(error)}", Kind.BROKEN, series)]


def _slices(
    path: Path, dataset: Dataset, known: dict[Belonging, Belonging], series: str, kind: ImageKind
) -> tuple[list[SliceRecord], list[SkippedFile]]:
    require_image(dataset, kind)
    rows, columns = integer(dataset, "Rows", 0), integer(dataset, "Columns", 0)
    frames = integer(dataset, "NumberOfFrames", 1)
    if not (0 < rows <= _LARGEST_SIDE and 0 < columns <= _LARGEST_SIDE and 0 < frames <= _MOST_FRAMES):
        raise Refused(f"declares {frames} frames of {rows}x{columns}, which is no {kind.modality} image", Kind.BROKEN)
    _require_length(path, dataset, rows * columns * frames)
    if frames == 1 and sop_class(dataset) not in kind.multi_frame:
        return [_single(path, dataset, known, kind)], []
    found, refused = [], []
    offsets = _offsets(dataset, frames)
    for frame in range(frames):
        try:
            found.append(_frame(path, dataset, frame, offsets, known, kind))
        except Refused as error:
            refused.append((frame, error))
    if not found:
        raise refused[0][1]
    if not refused:
        return found, []
    frame, first = refused[0]
    which = f"frame {frame + 1}" if len(refused) == 1 else f"{len(refused)} frames, the first is {frame + 1}"
    return found, [SkippedFile(str(path), f"{which}: {first.problem}", first.kind, series)]


def series_key(dataset: Dataset) -> str:
    """SeriesInstanceUID, or what stands for it where an anonymiser took it away."""
    uid = text(dataset, "SeriesInstanceUID")
    if uid:
        return uid
    names = ("StudyDate", "StudyTime", "SeriesNumber", "SeriesDescription", "SeriesDate", "SeriesTime")
    return " ".join([NO_UID, *(text(dataset, name) for name in names)])


def _require_length(path: Path, dataset: Dataset, samples: int) -> None:
    """Refuse a file that is shorter than its pixels, before anything is read or memory is taken for them."""
    allocated = integer(dataset, "BitsAllocated", 0)
    if allocated not in CONTAINERS:
        raise Refused(f"BitsAllocated is {allocated}; 8, 16 and 32 are supported", Kind.UNSUPPORTED)
    syntax = text(dataset.file_meta, "TransferSyntaxUID") if hasattr(dataset, "file_meta") else ""
    if syntax not in ("", ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian):
        return
    promised = samples * allocated // 8
    size = path.stat().st_size
    if 0 < size < promised:
        raise Refused(f"truncated: a file of {size} bytes, whose pixels take {promised}", Kind.BROKEN)


def _single(path: Path, dataset: Dataset, known: dict[Belonging, Belonging], kind: ImageKind) -> SliceRecord:
    kind.require_values(dataset, dataset, image_type(dataset))
    return _record(path, None, dataset, (dataset,) * 5, numbers(dataset, "ImagePositionPatient", 3), known, kind)


def _frame(
    path: Path,
    dataset: Dataset,
    frame: int,
    offsets: tuple[float, ...] | None,
    known: dict[Belonging, Belonging],
    kind: ImageKind,
) -> SliceRecord:
    def group(name: str) -> Dataset:
        # some writers put into the root what belongs into the functional groups
        return functional_group(dataset, frame, name) or dataset

    transformation, content = group("PixelValueTransformationSequence"), group("FrameContentSequence")
    kinds = text(group(kind.frame_type), "FrameType").upper().split("\\")
    kind.require_values(dataset, transformation, [*kinds, *image_type(dataset)])
    direction, measures = group("PlaneOrientationSequence"), group("PixelMeasuresSequence")
    place = numbers(functional_group(dataset, frame, "PlanePositionSequence"), "ImagePositionPatient", 3)
    assumed = place is None
    if place is None:
        place = _stacked(dataset, numbers(direction, "ImageOrientationPatient", 6), frame, offsets)
    groups = (direction, measures, content, group("CTReconstructionSequence"), group("CTXRayDetailsSequence"))
    return _record(path, frame, dataset, groups, place, known, kind, assumed)


def _offsets(dataset: Dataset, frames: int) -> tuple[float, ...] | None:
    """How far each frame of a classic multi-frame file lies from the first, along the normal in mm."""
    given = numbers(dataset, "GridFrameOffsetVector", frames)
    if given is not None:
        return given
    step = number(dataset, "SpacingBetweenSlices")
    return tuple(step * frame for frame in range(frames)) if step else None


def _stacked(
    dataset: Dataset, orientation: tuple[float, ...] | None, frame: int, offsets: tuple[float, ...] | None
) -> tuple[float, ...] | None:
    start = numbers(dataset, "ImagePositionPatient", 3)
    if start is None or orientation is None:
        return None
    if offsets is None:
        raise Refused(
            "has several frames and neither PlanePositionSequence nor SpacingBetweenSlices to place them",
            Kind.UNSUPPORTED,
        )
    normal = np.cross(orientation[:3], orientation[3:])
    return tuple(float(value) for value in np.array(start) + offsets[frame] * normal)


def _record(
    path: Path,
    frame: int | None,
    dataset: Dataset,
    groups: tuple[Dataset, ...],
    place: tuple[float, ...] | None,
    known: dict[Belonging, Belonging],
    kind: ImageKind,
    assumed: bool = False,
) -> SliceRecord:
    direction, measures, content, reconstruction, beam = groups
    orientation, spacing = numbers(direction, "ImageOrientationPatient", 6), numbers(measures, "PixelSpacing", 2)
    if place is None or orientation is None or spacing is None:
        given = {"ImagePositionPatient": place, "ImageOrientationPatient": orientation, "PixelSpacing": spacing}
        lacking = ", ".join(name for name, value in given.items() if value is None)
        raise Refused(f"has no usable position, orientation or pixel spacing: {lacking}", Kind.BROKEN)
    across, down = np.array(orientation[:3]), np.array(orientation[3:])
    lengths = (float(np.linalg.norm(across)), float(np.linalg.norm(down)))
    square = all(abs(length - 1) < _FLAT for length in lengths) and abs(float(across @ down)) < _FLAT
    if not square or not SMALLEST_MM <= min(spacing) <= max(spacing) <= LARGEST_MM or max(map(abs, place)) > 1e6:
        raise Refused(
            f"has an impossible position, orientation or pixel spacing: {place} mm, {orientation}, {spacing} mm",
            Kind.BROKEN,
        )
    of = Belonging(
        patient=text(dataset, "PatientID"),
        patient_name=" ".join(text(dataset, "PatientName").upper().replace("^", " ").split()),
        study=text(dataset, "StudyInstanceUID"),
        series=series_key(dataset),
        frame_of_reference=text(dataset, "FrameOfReferenceUID"),
        number=text(dataset, "SeriesNumber") or "0",
        description=text(dataset, "SeriesDescription"),
        kernel=text(reconstruction, "ConvolutionKernel"),
        diameter=text(reconstruction, "ReconstructionDiameter"),
        kind="\\".join(image_type(dataset)),
        rows=integer(dataset, "Rows", 0),
        columns=integer(dataset, "Columns", 0),
        orientation=orientation,
        spacing=(spacing[0], spacing[1]),
    )
    settings = [text(beam, "KVP"), text(reconstruction, "FilterType"), text(dataset, "ContrastBolusAgent")]
    if kind is MR:
        settings += [text(dataset, name) for name in ("EchoTime", "EchoNumbers", "FlipAngle", "InversionTime")]
    return SliceRecord(
        source=SliceSource(path, frame, (place[0], place[1], place[2])),
        of=known.setdefault(of, of),
        instance=text(dataset, "SOPInstanceUID"),
        instance_number=number(dataset, "InstanceNumber") or 0.0,
        thickness=number(measures, "SliceThickness") or 0.0,
        acquisition=text(content, "FrameAcquisitionNumber") or text(dataset, "AcquisitionNumber"),
        acquisition_uid=text(dataset, "AcquisitionUID"),
        phase="/".join(
            text(source, name)
            for source, name in (
                (content, "TemporalPositionIndex"),
                (dataset, "TemporalPositionIdentifier"),
                (dataset, "NominalPercentageOfCardiacPhase"),
                (dataset, "TriggerTime"),
            )
            if text(source, name)
        ),
        time_s=_time(content, dataset),
        settings="/".join(settings),
        stack=text(content, "StackID"),
        assumed=assumed,
    )


def _time(content: Dataset, dataset: Dataset) -> float:
    """When a slice was acquired, in seconds of any fixed origin; 0 when unknown."""
    stamp = text(content, "FrameAcquisitionDateTime") or text(dataset, "AcquisitionDateTime")
    if len(stamp) >= 14 and stamp[:14].isdigit():
        day, clock = stamp[:8], stamp[8:]
    else:
        day = text(dataset, "AcquisitionDate")
        clock = text(dataset, "AcquisitionTime") or text(dataset, "ContentTime")
    clock = clock.split("+")[0].split("-")[0].replace(":", "")
    try:
        seconds = 3600 * int(clock[:2]) + 60 * int(clock[2:4] or 0) + float(clock[4:] or 0)
        return seconds + 86400 * (int(day[:4]) * 372 + int(day[4:6]) * 31 + int(day[6:8]) if len(day) == 8 else 0)
    except ValueError:
        return 0.0
