"""What a derived object takes from its source: patient, study, geometry, a reference, the name of the series."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from pydicom.charset import convert_encodings, decode_bytes, encode_string
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import CTImageStorage, generate_uid
from pydicom.valuerep import format_number_as_ds

from recon.errors import UnreadableInput
from recon.io.dicom.read.headers import functional_group, number, numbers, open_header, text
from recon.io.dicom.read.kinds import sop_class
from recon.io.dicom.read.records import SliceSource
from recon.io.dicom.write.attributes import copied, raw_text, text_bytes

_STALE = (
    "SmallestImagePixelValue",
    "LargestImagePixelValue",
    "SmallestPixelValueInSeries",
    "LargestPixelValueInSeries",
    "IconImageSequence",
    "PixelDataProviderURL",
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
    "ModalityLUTSequence",
    "FloatPixelData",
    "ReferencedImageEvidenceSequence",
    "DigitalSignaturesSequence",
    "MACParametersSequence",
    "OriginalAttributesSequence",
    "SOPInstanceUID",
    "SOPClassUID",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "RealWorldValueMappingSequence",
    "PixelAspectRatio",
    "PlanarConfiguration",
)
_MULTI_FRAME_ONLY = (
    "NumberOfFrames",
    "PerFrameFunctionalGroupsSequence",
    "SharedFunctionalGroupsSequence",
    "DimensionOrganizationSequence",
    "DimensionIndexSequence",
    "DimensionOrganizationType",
    "ConcatenationUID",
    "InConcatenationNumber",
    "SOPInstanceUIDOfConcatenationSource",
    "ContentQualification",
    "VolumetricProperties",
    "VolumeBasedCalculationTechnique",
    "MultienergyCTAcquisition",
    "FrameIncrementPointer",
    "FrameTime",
    "FrameTimeVector",
    "GridFrameOffsetVector",
    "SliceLocation",
)
_OF_A_FRAME = {
    "PixelMeasuresSequence": ("PixelSpacing", "SliceThickness", "SpacingBetweenSlices"),
    "PlaneOrientationSequence": ("ImageOrientationPatient",),
    "PlanePositionSequence": ("ImagePositionPatient",),
    "FrameVOILUTSequence": ("WindowCenter", "WindowWidth"),
    "CTReconstructionSequence": ("ConvolutionKernel", "ReconstructionDiameter", "FilterType"),
    "CTXRayDetailsSequence": ("KVP",),
    "MRTimingAndRelatedParametersSequence": ("RepetitionTime", "FlipAngle", "EchoTrainLength"),
}
_EMPTY = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "ReferringPhysicianName",
    "StudyID",
)
_LONGEST_LO = 64
_LARGEST_IS = 2**31 - 1


def coded(code: Code) -> Sequence:
    """A code as the one item of a sequence."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = (code.value, code.scheme_designator, code.meaning)
    return Sequence([item])


@lru_cache(maxsize=2)  # a slice and the one that it is compared with
def _template(path: Path, modified: int) -> tuple[Dataset, Dataset]:
    """The header of the last file as it was read, and its attributes as they can be written."""
    dataset = open_header(path)
    made = copied(dataset)
    for name in (*_STALE, *_MULTI_FRAME_ONLY[:-1]):
        if name in made:
            del made[name]
    return dataset, made


def header_of(source: SliceSource) -> Dataset:
    """The source's header as it was read."""
    return _template(source.path, source.path.stat().st_mtime_ns)[0]


def single_frame(source: SliceSource) -> Dataset:
    """The source's attributes as a single-frame image without pixels or identity."""
    try:
        original, template = _template(source.path, source.path.stat().st_mtime_ns)
    except OSError as error:
        raise UnreadableInput(f"{source.path}: can't be read: {error.strerror or error}") from error
    dataset = Dataset()
    for tag in list(template.keys()):
        dataset[tag] = template.get_item(tag)
    groups = dict.fromkeys(_OF_A_FRAME, original)
    if source.frame is not None:
        groups = {name: functional_group(original, source.frame, name) or original for name in _OF_A_FRAME}
        if "SliceLocation" in dataset:
            del dataset["SliceLocation"]
        for sequence, names in _OF_A_FRAME.items():
            flat = copied(groups[sequence]) if groups[sequence] is not original else Dataset()
            for name in names:
                if name in flat:
                    dataset[name] = flat.get_item(name)
    for name, sequence, count in (
        ("ImageOrientationPatient", "PlaneOrientationSequence", 6),
        ("PixelSpacing", "PixelMeasuresSequence", 2),
    ):
        set_decimals(dataset, name, numbers(groups[sequence], name, count) or ())
    set_decimals(dataset, "ImagePositionPatient", source.position)
    for name in _EMPTY:
        if name not in dataset:
            setattr(dataset, name, "")
    if not text_bytes(dataset, "StudyInstanceUID"):
        names = ("PatientID", "PatientName", "StudyDate", "StudyTime", "AccessionNumber", "FrameOfReferenceUID")
        seed = [str(source.path.absolute().parent), *(text(original, name) for name in names)]
        dataset.StudyInstanceUID = generate_uid(entropy_srcs=seed)
    return dataset


def set_decimals(dataset: Dataset, name: str, values: tuple[float, ...]) -> None:
    """Write numbers, unless the source's own text says the same."""
    known = [part for part in text_bytes(dataset, name).split(b"\\") if part]
    if len(known) != len(values) or [float(part) for part in known] != [float(value) for value in values]:
        words = b"\\".join(format_number_as_ds(float(value)).encode() for value in values)
        dataset[name] = raw_text(name, "DS", words)


def reference_to(source: SliceSource) -> Dataset | None:
    """An item of SourceImageSequence; None where the source has no usable UID."""
    original = header_of(source)
    instance = text(original, "SOPInstanceUID")
    if not re.fullmatch(r"[0-9.]{1,64}", instance):
        return None
    reference = Dataset()
    reference.ReferencedSOPClassUID = sop_class(original) or CTImageStorage
    reference.ReferencedSOPInstanceUID = instance
    if source.frame is not None:
        reference.ReferencedFrameNumber = source.frame + 1
    reference.PurposeOfReferenceCodeSequence = coded(codes.cid7202.SourceImageForImageProcessingOperation)
    return reference


def described(dataset: Dataset, label: str) -> bytes:
    """The description's bytes with a label behind them; characters of the source are cut off when it gets too long."""
    known, suffix = text_bytes(dataset, "SeriesDescription"), f" {label}".encode()
    if len(known) + len(suffix) <= _LONGEST_LO:
        return (known + suffix).strip()
    room = _LONGEST_LO - len(suffix)
    try:
        encodings = convert_encodings(text(dataset, "SpecificCharacterSet").split("\\"))
        shortened = decode_bytes(known, encodings, set())[:room]
        return encode_string(shortened, encodings) + suffix
    except Exception:  # a character set that nobody knows
        return suffix.strip()


def series_number(original: Dataset, offset: int) -> int:
    """The source's number and an offset, as far as it fits."""
    value = number(original, "SeriesNumber")
    known = int(value) if value is not None else 0
    return known + offset if abs(known + offset) <= _LARGEST_IS else abs(known) % 100_000_000 + offset
