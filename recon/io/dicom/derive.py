"""Derived DICOM slices: the source's patient, study and geometry, our pixels and provenance."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom.charset import convert_encodings, decode_bytes, encode_string
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid
from pydicom.valuerep import format_number_as_ds

from recon import __version__
from recon.errors import OutputFailed, UnreadableInput
from recon.io.dicom.attributes import copied, raw_text, text_bytes, written_as
from recon.io.dicom.foreign import OWN, SIMULATED, sop_class
from recon.io.dicom.headers import functional_group, number, numbers, open_header, quietly, text
from recon.io.dicom.padding import padding_bits
from recon.io.dicom.pixels import StoredSlice, read_slice
from recon.io.dicom.records import SliceSource
from recon.io.dicom.skipped import Refused, first_line
from recon.volumes import FloatImage

#: Values below this are no measurement and stay as they are.
UNTOUCHED_BELOW_HU = -1500.0
_STALE = (
    "SmallestImagePixelValue", "LargestImagePixelValue", "SmallestPixelValueInSeries",
    "LargestPixelValueInSeries", "IconImageSequence", "PixelDataProviderURL", "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths", "ModalityLUTSequence", "FloatPixelData",
    "ReferencedImageEvidenceSequence", "DigitalSignaturesSequence", "MACParametersSequence",
    "OriginalAttributesSequence", "SOPInstanceUID", "SOPClassUID", "PixelPaddingValue", "PixelPaddingRangeLimit",
    "RealWorldValueMappingSequence", "PixelAspectRatio", "PlanarConfiguration",
)  # fmt: skip
_MULTI_FRAME_ONLY = (
    "NumberOfFrames", "PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence",
    "DimensionOrganizationSequence", "DimensionIndexSequence", "DimensionOrganizationType",
    "ConcatenationUID", "InConcatenationNumber", "SOPInstanceUIDOfConcatenationSource",
    "ContentQualification", "VolumetricProperties", "VolumeBasedCalculationTechnique",
    "MultienergyCTAcquisition", "FrameIncrementPointer", "FrameTime", "FrameTimeVector", "GridFrameOffsetVector",
    "SliceLocation",
)  # fmt: skip
_OF_A_FRAME = {
    "PixelMeasuresSequence": ("PixelSpacing", "SliceThickness", "SpacingBetweenSlices"),
    "PlaneOrientationSequence": ("ImageOrientationPatient",),
    "PlanePositionSequence": ("ImagePositionPatient",),
    "FrameVOILUTSequence": ("WindowCenter", "WindowWidth"),
    "CTReconstructionSequence": ("ConvolutionKernel", "ReconstructionDiameter", "FilterType"),
    "CTXRayDetailsSequence": ("KVP",),
}
_EMPTY = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "AccessionNumber",
    "ReferringPhysicianName", "StudyID",
)  # fmt: skip
_LONGEST_LO = 64
_LARGEST_IS = 2**31 - 1


@dataclass(frozen=True)
class DerivedSeries:
    """What all slices of one derived series share.

    Attributes
    ----------
    kind
        Last value of ImageType: ``DENOISED``, ``UNCERTAINTY`` or ``SIMULATED``.
    label
        Appended to the series description.
    number_offset
        Added to the series number.
    description
        Derivation in words.
    code
        Derivation code (CID 7203).
    model
        Name, version and checksum of the model.
    series_uid
        New for every series.
    """

    kind: str
    label: str
    number_offset: int
    description: str
    code: Code
    model: str
    series_uid: str


def denoised_series(model: str, strength: float) -> DerivedSeries:
    """The series of denoised images."""
    words = f"Low-dose CT denoising, strength {strength:g}, model {model}. Not for primary diagnosis."
    code = codes.cid7203.PixelByPixelSubtraction
    return DerivedSeries("DENOISED", "denoised", 7000, words, code, model, generate_uid())


def uncertainty_series(model: str) -> DerivedSeries:
    """The series of uncertainty maps."""
    words = f"Half-width in HU of the 90 % interval around the denoised image, model {model}."
    code = codes.cid7203.PixelByPixelSubtraction
    return DerivedSeries("UNCERTAINTY", "uncertainty", 7001, words, code, model, generate_uid())


def simulated_series(dose_fraction: float) -> DerivedSeries:
    """The series of simulated low-dose images."""
    words = f"Simulated scan at {dose_fraction:g} of the dose; noise inserted in the projections."
    code = codes.cid7203.PixelByPixelAddition
    return DerivedSeries(SIMULATED, "simulated low dose", 6900, words, code, "simulation", generate_uid())


def write_slice(values: FloatImage, source: SliceSource, series: DerivedSeries, number: int, path: Path) -> None:
    """Write one derived slice (y, x) in HU.

    What is stored is the source's stored value plus the change, in the source's own scale: pixels that
    did not change stay bit for bit, and so do padding and everything below -1500 HU. Uncertainty is
    stored in steps of 0.1 HU and is 0 there.

    Raises
    ------
    UnreadableInput
        When the source has changed since it was read.
    OutputFailed
        When the slice can't be written.
    """
    try:
        stored = read_slice(source)
        dataset = _single_frame(source)
    except Refused as error:
        raise UnreadableInput(f"{source.path}: {error.problem}") from error
    if stored.values.shape != values.shape:
        raise UnreadableInput(f"{source.path}: is {stored.values.shape} now; it changed while it was worked on")
    try:
        with quietly():
            _identify(dataset, source, series, number)
            hu = stored.hu
            untouched = hu < UNTOUCHED_BELOW_HU
            if series.kind == "UNCERTAINTY":
                _encode(dataset, _steps(np.where(untouched, 0, values), 0.1), 16, False, 0.1, 0.0)
                dataset.WindowCenter, dataset.WindowWidth = "25", "50"
                dataset.PhotometricInterpretation = "MONOCHROME2"
                for name in ("WindowCenterWidthExplanation", "VOILUTSequence", "VOILUTFunction"):
                    if name in dataset:
                        del dataset[name]
            else:
                change = _steps(np.where(untouched, 0, values.astype(np.float64) - hu), stored.slope)
                bits = 32 if stored.bits > 16 else max(12, stored.bits)  # GDCM misreads 17 to 31
                _encode(dataset, stored.values + change, bits, stored.signed, stored.slope, stored.intercept)
                _pad(dataset, source, stored)
            _save(dataset, path)
    except OSError as error:
        raise OutputFailed(f"{path}: {error.strerror or error}") from error
    except Exception as error:
        raise OutputFailed(f"{path}: can't be written: {first_line(error)}") from error


def coded(code: Code) -> Sequence:
    """A code as the one item of a sequence."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = (
        code.value, code.scheme_designator, code.meaning,
    )  # fmt: skip
    return Sequence([item])


def _save(dataset: Dataset, path: Path) -> None:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta = meta
    written_as(dataset).save_as(path, enforce_file_format=True)


def _steps(values: npt.NDArray[np.float64], size: float) -> npt.NDArray[np.int64]:
    limit = 2.0**40
    return np.rint(np.clip(np.nan_to_num(values / size), -limit, limit)).astype(np.int64)


@lru_cache(maxsize=1)
def _template(path: Path, modified: int) -> tuple[Dataset, Dataset]:
    """The header of the last file as it was read, and its attributes as they can be written."""
    dataset = open_header(path)
    made = copied(dataset)
    for name in (*_STALE, *_MULTI_FRAME_ONLY[:-1]):
        if name in made:
            del made[name]
    return dataset, made


def _single_frame(source: SliceSource) -> Dataset:
    """The source's attributes as a single-frame CT image without pixels or identity."""
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
        _decimals(dataset, name, numbers(groups[sequence], name, count) or ())
    _decimals(dataset, "ImagePositionPatient", source.position)
    for name in _EMPTY:
        if name not in dataset:
            setattr(dataset, name, "")
    if not text_bytes(dataset, "StudyInstanceUID"):
        names = ("PatientID", "PatientName", "StudyDate", "StudyTime", "AccessionNumber", "FrameOfReferenceUID")
        seed = [str(source.path.absolute().parent), *(text(original, name) for name in names)]
        dataset.StudyInstanceUID = generate_uid(entropy_srcs=seed)
    return dataset


def _decimals(dataset: Dataset, name: str, values: tuple[float, ...]) -> None:
    """Write numbers, unless the source's own text says the same."""
    known = [part for part in text_bytes(dataset, name).split(b"\\") if part]
    if len(known) != len(values) or [float(part) for part in known] != [float(value) for value in values]:
        words = b"\\".join(format_number_as_ds(float(value)).encode() for value in values)
        dataset[name] = raw_text(name, "DS", words)


def _identify(dataset: Dataset, source: SliceSource, series: DerivedSeries, number: int) -> None:
    now = datetime.now(UTC)
    original = _template(source.path, source.path.stat().st_mtime_ns)[0]
    instance = text(original, "SOPInstanceUID")
    if "SourceImageSequence" in dataset:
        del dataset["SourceImageSequence"]
    if re.fullmatch(r"[0-9.]{1,64}", instance):
        reference = Dataset()
        reference.ReferencedSOPClassUID = sop_class(original) or CTImageStorage
        reference.ReferencedSOPInstanceUID = instance
        if source.frame is not None:
            reference.ReferencedFrameNumber = source.frame + 1
        reference.PurposeOfReferenceCodeSequence = coded(codes.cid7202.SourceImageForImageProcessingOperation)
        dataset.SourceImageSequence = Sequence([reference])
    dataset.SOPClassUID, dataset.Modality = CTImageStorage, "CT"
    dataset.SOPInstanceUID, dataset.SeriesInstanceUID = generate_uid(), series.series_uid
    dataset.ImageType = ["DERIVED", "PRIMARY", "AXIAL", series.kind]
    dataset["SeriesDescription"] = raw_text("SeriesDescription", "LO", _described(dataset, series.label))
    dataset.SeriesNumber = _series_number(original, series.number_offset)
    dataset.InstanceNumber = number
    dataset.InstanceCreationDate = dataset.ContentDate = now.strftime("%Y%m%d")
    dataset.InstanceCreationTime = dataset.ContentTime = now.strftime("%H%M%S")
    dataset.DerivationDescription = series.description[:1024]
    dataset.DerivationCodeSequence = coded(series.code)
    equipment = Dataset()
    equipment.Manufacturer = OWN
    equipment.ManufacturerModelName = series.model[:64]
    equipment.SoftwareVersions = __version__
    equipment.ContributionDateTime = now.strftime("%Y%m%d%H%M%S.%f+0000")
    equipment.ContributionDescription = series.description[:1024]
    equipment.PurposeOfReferenceCodeSequence = coded(codes.cid7005.ProcessingEquipment)
    known = list(dataset.get("ContributingEquipmentSequence") or [])
    dataset.ContributingEquipmentSequence = Sequence([*known, equipment])


def _described(dataset: Dataset, label: str) -> bytes:
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


def _series_number(original: Dataset, offset: int) -> int:
    value = number(original, "SeriesNumber")
    known = int(value) if value is not None else 0
    return known + offset if abs(known + offset) <= _LARGEST_IS else abs(known) % 100_000_000 + offset


def _pad(dataset: Dataset, source: SliceSource, stored: StoredSlice) -> None:
    if stored.padding is None:
        return
    bits = padding_bits(_template(source.path, source.path.stat().st_mtime_ns)[0])
    for name, value in zip(("PixelPaddingValue", "PixelPaddingRangeLimit"), bits, strict=True):
        if value is not None:
            signed = value - 65536 if stored.signed and value >= 32768 else value
            dataset[name] = DataElement(name, "SS" if stored.signed else "US", signed)


def _encode(
    dataset: Dataset, stored: npt.NDArray[np.int64], bits: int, signed: bool, slope: float, intercept: float
) -> None:
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    allocated = 16 if bits <= 16 else 32
    dataset.Rows, dataset.Columns = stored.shape
    dataset.SamplesPerPixel = 1
    if text(dataset, "PhotometricInterpretation") != "MONOCHROME1":
        dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = allocated, bits, bits - 1
    dataset.PixelRepresentation = int(signed)
    _decimals(dataset, "RescaleSlope", (slope,))
    _decimals(dataset, "RescaleIntercept", (intercept,))
    dataset.RescaleType = "HU"
    pixels = np.clip(stored, low, high).astype(f"<{'i' if signed else 'u'}{allocated // 8}").tobytes()
    dataset.add_new("PixelData", "OW", pixels)
