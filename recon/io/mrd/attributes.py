"""What an ISMRMRD header says of patient, study, scanner and sequence, as DICOM attributes; nothing is made up."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pydicom.valuerep import format_number_as_ds

from recon.io.mrd.header import ScanHeader

_COPIED = (
    (
        "subjectInformation",
        (
            ("patientName", "PatientName"),
            ("patientID", "PatientID"),
            ("patientBirthdate", "PatientBirthDate"),
            ("patientGender", "PatientSex"),
            ("patientWeight_kg", "PatientWeight"),
            ("patientHeight_m", "PatientSize"),
        ),
    ),
    (
        "studyInformation",
        (
            ("studyDate", "StudyDate"),
            ("studyTime", "StudyTime"),
            ("studyID", "StudyID"),
            ("accessionNumber", "AccessionNumber"),
            ("referringPhysicianName", "ReferringPhysicianName"),
            ("studyDescription", "StudyDescription"),
            ("studyInstanceUID", "StudyInstanceUID"),
            ("bodyPartExamined", "BodyPartExamined"),
        ),
    ),
    (
        "measurementInformation",
        (
            ("seriesDate", "SeriesDate"),
            ("seriesTime", "SeriesTime"),
            ("patientPosition", "PatientPosition"),
            ("protocolName", "ProtocolName"),
            ("sequenceName", "SequenceName"),
            ("seriesDescription", "SeriesDescription"),
            ("frameOfReferenceUID", "FrameOfReferenceUID"),
        ),
    ),
    (
        "acquisitionSystemInformation",
        (
            ("systemVendor", "Manufacturer"),
            ("systemModel", "ManufacturerModelName"),
            ("systemFieldStrength_T", "MagneticFieldStrength"),
            ("institutionName", "InstitutionName"),
            ("stationName", "StationName"),
            ("deviceSerialNumber", "DeviceSerialNumber"),
        ),
    ),
)
_IDENTIFYING = (
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
)
_ALLOWED = {
    "PatientSex": {"M", "F", "O"},
    "PatientPosition": {"HFP", "HFS", "HFDR", "HFDL", "FFP", "FFS", "FFDR", "FFDL"},
}
#: ScanningSequence and SequenceVariant of the converters' names for sequences.
_SEQUENCES = {
    "flash": ("GR", "SP"),
    "gre": ("GR", "NONE"),
    "gradientecho": ("GR", "NONE"),
    "spinecho": ("SE", "NONE"),
    "turbospinecho": ("SE", "SK"),
    "tse": ("SE", "SK"),
    "fse": ("SE", "SK"),
    "epi": ("EP", "SK"),
    "truefisp": ("GR", "SS"),
    "bssfp": ("GR", "SS"),
}
_LARGEST_IS = 2**31 - 1


def series_attributes(
    header: ScanHeader | None,
    where: str,
    encoding: int = 0,
    contrast: int = 0,
    contrasts: int = 1,
    dwell_us: float = 0.0,
) -> Dataset:
    """The attributes of one series; absent where the header says nothing, or nothing that DICOM allows.

    Parameters
    ----------
    header
        Of the file; None where it has none.
    where
        Path of the file and what tells its content from another's. Where the header names no study or frame of
        reference, they are made from it and from what the header says of patient and time: all series of a file share
        them, and another scan that lies in its place does not.
    encoding, contrast
        Of the series.
    contrasts
        How many the file has.
    dwell_us
        Time between two samples; 0 where unknown.
    """
    dataset, document = Dataset(), header.document if header is not None else None
    for part, names in _COPIED:
        information = getattr(document, part, None)
        for name, keyword in names:
            _put(dataset, keyword, getattr(information, name, None))
    _put(dataset, "ReceiveCoilName", _coil(document))
    frequency = _positive(getattr(getattr(document, "experimentalConditions", None), "H1resonanceFrequency_Hz", None))
    _put(dataset, "ImagingFrequency", frequency and frequency / 1e6)
    if header is not None:
        _add_sequence(dataset, document, contrast, contrasts)
        _add_encoding(dataset, header, encoding, dwell_us)
    for keyword in ("StudyInstanceUID", "FrameOfReferenceUID"):
        if keyword not in dataset:
            setattr(dataset, keyword, generate_uid(entropy_srcs=[where, *_identity(dataset, document), keyword]))
    if not str(dataset).isascii():
        dataset.SpecificCharacterSet = "ISO_IR 192"
    return dataset


def _identity(dataset: Dataset, document: Any) -> list[str]:
    """What the header says that another scan would not share."""
    measurement = getattr(getattr(document, "measurementInformation", None), "measurementID", None)
    return [f"{name}={dataset.get(name, '')}" for name in _IDENTIFYING] + [f"measurementID={measurement or ''}"]


def _add_sequence(dataset: Dataset, document: Any, contrast: int, contrasts: int) -> None:
    sequence = getattr(document, "sequenceParameters", None)
    echoes = list(getattr(sequence, "TE", None) or [])
    # a lone echo time says nothing of a second contrast
    _put(dataset, "EchoTime", _positive(echoes[contrast]) if contrast < len(echoes) else None)
    for name, keyword in (("TR", "RepetitionTime"), ("TI", "InversionTime"), ("flipAngle_deg", "FlipAngle")):
        _put(dataset, keyword, _positive(_of_contrast(getattr(sequence, name, None) or [], contrast, contrasts)))
    if contrasts > 1:
        _put(dataset, "EchoNumbers", contrast + 1)
    kind = re.sub(r"[^a-z]", "", str(getattr(sequence, "sequence_type", None) or "").lower())
    if kind in _SEQUENCES:
        dataset.ScanningSequence, dataset.SequenceVariant = _SEQUENCES[kind]


def _add_encoding(dataset: Dataset, header: ScanHeader, encoding: int, dwell_us: float) -> None:
    used = header.encodings[encoding]
    dataset.MRAcquisitionType = "3D" if used.encoded.matrix[2] > 1 else "2D"
    if used.encoded.matrix[2] == 1:
        _put(dataset, "SliceThickness", used.recon.field_mm[2])
    train = getattr(header.document.encoding[encoding], "echoTrainLength", None) if header.document else None
    _put(dataset, "EchoTrainLength", _positive(train))
    # elsewhere the readout's length is no number of pixels
    if used.trajectory == "cartesian" and _positive(dwell_us):
        _put(dataset, "PixelBandwidth", 1e6 / (dwell_us * used.encoded.matrix[0]))


def _of_contrast(values: Sequence[Any], contrast: int, contrasts: int) -> Any:
    """The value that holds for a contrast: its own, or the one that all share."""
    if len(values) == contrasts:
        return values[contrast]
    return values[0] if len({str(value) for value in values}) == 1 else None


def _positive(value: Any) -> float | None:
    """A finite number above 0, which is what converters write for unknown."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number > 0 else None


def _coil(document: Any) -> str:
    """The coil that all elements belong to: "Head_32:1:H01" is one of Head_32's."""
    labels = getattr(getattr(document, "acquisitionSystemInformation", None), "coilLabel", None) or []
    names = {str(getattr(label, "coilName", "")).partition(":")[0] for label in labels}
    return names.pop() if len(names) == 1 else ""


def _put(dataset: Dataset, keyword: str, value: Any) -> None:
    """Set an attribute to a value made legal; leave it out where there is none."""
    if value is None:
        return
    try:
        legal = _LEGAL[dictionary_VR(keyword)](getattr(value, "value", value))
    except (ValueError, TypeError, AttributeError, OverflowError):
        return
    if legal and legal in _ALLOWED.get(keyword, {legal}):
        setattr(dataset, keyword, legal)


def _text(longest: int) -> Callable[[Any], str]:
    def legal(value: Any) -> str:
        # a backslash would part values
        printable = "".join(c if c.isprintable() else " " for c in str(value)).replace("\\", "/")
        return printable.strip()[:longest].strip()

    return legal


def _name(value: Any) -> str:
    groups = _text(1024)(value).split("=")[:3]
    return "=".join("^".join(group.split("^")[:5])[:64] for group in groups)


def _code(value: Any) -> str:
    word = str(value).strip().upper()
    return word if re.fullmatch(r"[A-Z0-9 _]{1,16}", word) else ""


def _uid(value: Any) -> str:
    word = str(value).strip()
    return word if len(word) <= 64 and re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*))+", word, re.ASCII) else ""


def _date(value: Any) -> str:
    return f"{value.year:04d}{value.month:02d}{value.day:02d}" if 0 < value.year <= 9999 else ""


def _time(value: Any) -> str:
    second = min(int(value.second), 59)
    return f"{value.hour:02d}{value.minute:02d}{second:02d}.{value.fractional_second // 1000:06d}"


def _decimal(value: Any) -> str:
    number = _positive(value)
    return "" if number is None else str(format_number_as_ds(float(f"{number:.8g}")))


def _integer(value: Any) -> str:
    number = int(value)
    return str(number) if abs(number) <= _LARGEST_IS else ""


_LEGAL: dict[str, Callable[[Any], str]] = {
    "PN": _name,
    "LO": _text(64),
    "SH": _text(16),
    "CS": _code,
    "UI": _uid,
    "DA": _date,
    "TM": _time,
    "DS": _decimal,
    "IS": _integer,
}
