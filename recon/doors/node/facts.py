"""What the node looks at in an object's header: who it belongs to, and what rules ask."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from recon.errors import UnreadableInput
from recon.io.dicom.read.headers import number, quietly, text

#: Attribute of each text that rules ask for.
_TEXTS = {
    "modality": "Modality",
    "description": "SeriesDescription",
    "protocol": "ProtocolName",
    "study": "StudyDescription",
    "image_type": "ImageType",
    "kernel": "ConvolutionKernel",
    "body_part": "BodyPartExamined",
    "manufacturer": "Manufacturer",
    "model": "ManufacturerModelName",
}
_READ = (
    "SpecificCharacterSet",
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "NumberOfSeriesRelatedInstances",
    "NumberOfTemporalPositions",
    "NumberOfSlices",
    "CTDIvol",
    *_TEXTS.values(),
)


@dataclass(frozen=True)
class Facts:
    """What rules ask of a series; texts are empty where the header has none.

    Attributes
    ----------
    called, calling
        AE titles of the association that brought it.
    modality, description, protocol, study, image_type, kernel, body_part, manufacturer, model
        Texts of the header.
    ctdi_mgy
        CTDIvol, mGy.
    """

    called: str = ""
    calling: str = ""
    modality: str = ""
    description: str = ""
    protocol: str = ""
    study: str = ""
    image_type: str = ""
    kernel: str = ""
    body_part: str = ""
    manufacturer: str = ""
    model: str = ""
    ctdi_mgy: float | None = None

    def to_json(self) -> str:
        """As the ledger keeps it."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(words: str) -> Facts:
        """What :meth:`to_json` wrote."""
        return Facts(**json.loads(words))


@dataclass(frozen=True)
class ObjectHeader:
    """One object.

    Attributes
    ----------
    sop_instance, sop_class, series, study
        UIDs; ``series`` and ``study`` are empty where the header has none.
    expected
        How many instances the series has, where the header says so.
    facts
        What rules ask.
    """

    sop_instance: str
    sop_class: str
    series: str
    study: str
    expected: int | None
    facts: Facts


def header_of(content: bytes, calling: str, called: str) -> ObjectHeader:
    """Look at an object as a file holds it, preamble and all; pixels are not touched.

    What can't be understood leaves its fields empty: an object is passed on whatever it holds.
    """
    try:
        with quietly():
            dataset = pydicom.dcmread(io.BytesIO(content), stop_before_pixels=True, specific_tags=list(_READ))
    except Exception:  # pydicom raises whatever it likes on damaged headers
        return ObjectHeader("", "", "", "", None, Facts(called=called, calling=calling))
    return _header(dataset, calling, called)


def read_header(path: Path, calling: str = "", called: str = "") -> ObjectHeader:
    """Look at a file; AE titles are those that its meta header names where none are given.

    Raises
    ------
    UnreadableInput
        When it is no DICOM file.
    """
    try:
        with quietly():
            dataset = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=list(_READ))
    except (OSError, InvalidDicomError) as error:
        words = error.strerror if isinstance(error, OSError) and error.strerror else "no DICOM file"
        raise UnreadableInput(f"{path}: {words}") from error
    except Exception as error:
        raise UnreadableInput(f"{path}: damaged DICOM file") from error
    meta = dataset.file_meta
    return _header(
        dataset,
        calling or text(meta, "SourceApplicationEntityTitle"),
        called or text(meta, "ReceivingApplicationEntityTitle"),
    )


def _header(dataset: Dataset, calling: str, called: str) -> ObjectHeader:
    with quietly():
        texts = {name: text(dataset, keyword) for name, keyword in _TEXTS.items()}
        facts = Facts(called=called, calling=calling, ctdi_mgy=number(dataset, "CTDIvol"), **texts)
        return ObjectHeader(
            text(dataset, "SOPInstanceUID"),
            text(dataset, "SOPClassUID"),
            text(dataset, "SeriesInstanceUID"),
            text(dataset, "StudyInstanceUID"),
            _expected(dataset),
            facts,
        )


def _expected(dataset: Dataset) -> int | None:
    """(0020,1209), or temporal positions times slices."""
    announced = number(dataset, "NumberOfSeriesRelatedInstances")
    if announced is None:
        times, slices = number(dataset, "NumberOfTemporalPositions"), number(dataset, "NumberOfSlices")
        announced = times * slices if times and slices else None
    return int(announced) if announced is not None and announced >= 1 else None


def pseudonym(uid: str) -> str:
    """What logs, metrics and names of files call a UID: the same every time, and nobody's."""
    return hashlib.sha256(uid.encode()).hexdigest()[:16]
