"""Derived DICOM slices: the source's patient, study and geometry, our pixels and provenance."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import CTImageStorage, EnhancedCTImageStorage, ExplicitVRLittleEndian, generate_uid

from recon import __version__
from recon.io.ct_dicom import SliceSource, functional_group, rescale
from recon.volumes import FloatImage

_STALE = (
    "SmallestImagePixelValue", "LargestImagePixelValue", "SmallestPixelValueInSeries",
    "LargestPixelValueInSeries", "IconImageSequence", "PixelDataProviderURL", "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths", "ModalityLUTSequence", "FloatPixelData",
    "ReferencedImageEvidenceSequence", "DigitalSignaturesSequence", "MACParametersSequence",
    "OriginalAttributesSequence",
)  # fmt: skip
_MULTI_FRAME_ONLY = (
    "NumberOfFrames", "PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence",
    "DimensionOrganizationSequence", "DimensionIndexSequence", "DimensionOrganizationType",
    "ConcatenationUID", "InConcatenationNumber", "SOPInstanceUIDOfConcatenationSource",
    "ContentQualification", "VolumetricProperties", "VolumeBasedCalculationTechnique",
    "MultienergyCTAcquisition",
)  # fmt: skip


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
    return DerivedSeries(
        "DENOISED", "denoised", 7000, words, codes.cid7203.PixelByPixelSubtraction, model, generate_uid()
    )


def uncertainty_series(model: str) -> DerivedSeries:
    """The series of uncertainty maps."""
    words = f"Half-width in HU of the 90 % interval around the denoised image, model {model}."
    return DerivedSeries(
        "UNCERTAINTY",
        "uncertainty",
        7001,
        words,
        codes.cid7203.PixelByPixelSubtraction,
        model,
        generate_uid(),
    )


def simulated_series(dose_fraction: float) -> DerivedSeries:
    """The series of simulated low-dose images."""
    words = f"Simulated scan at {dose_fraction:g} of the dose; noise inserted in the projections."
    return DerivedSeries(
        "SIMULATED",
        "simulated low dose",
        6900,
        words,
        codes.cid7203.PixelByPixelAddition,
        "simulation",
        generate_uid(),
    )


def write_slice(values: FloatImage, source: SliceSource, series: DerivedSeries, number: int, path: Path) -> None:
    """Write one derived slice (y, x) in HU.

    Images are stored with the rescale of their source, so that untouched pixels stay bit for bit;
    uncertainty in steps of 0.1 HU.
    """
    dataset = _single_frame(source)
    _identify(dataset, source, series, number)
    if series.kind == "UNCERTAINTY":
        _encode(dataset, values, slope=0.1, intercept=0.0, signed=False, bits=16)
        dataset.WindowCenter, dataset.WindowWidth = "25", "50"
        for name in ("PixelPaddingValue", "PixelPaddingRangeLimit", "WindowCenterWidthExplanation"):
            if name in dataset:
                del dataset[name]
    else:
        signed = bool(dataset.PixelRepresentation)
        slope, intercept = float(dataset.RescaleSlope), float(dataset.RescaleIntercept)
        _encode(dataset, values, slope, intercept, signed, int(dataset.BitsStored))
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta = meta
    dataset.save_as(path, enforce_file_format=True)


def _single_frame(source: SliceSource) -> Dataset:
    """The source's attributes as a single-frame CT image without pixels."""
    dataset = pydicom.dcmread(source.path, stop_before_pixels=True)
    if dataset.SOPClassUID == EnhancedCTImageStorage:
        frame = source.frame or 0
        slope, intercept = rescale(dataset, frame)
        measures = functional_group(dataset, frame, "PixelMeasuresSequence")
        direction = functional_group(dataset, frame, "PlaneOrientationSequence")
        position = functional_group(dataset, frame, "PlanePositionSequence")
        dataset = copy.copy(dataset)
        for name in _MULTI_FRAME_ONLY:
            if name in dataset:
                del dataset[name]
        dataset.ImagePositionPatient = position.ImagePositionPatient
        dataset.ImageOrientationPatient = direction.ImageOrientationPatient
        dataset.PixelSpacing = measures.PixelSpacing
        dataset.SliceThickness = measures.get("SliceThickness", "")
        dataset.RescaleSlope, dataset.RescaleIntercept = slope, intercept
    dataset.SOPClassUID = CTImageStorage
    dataset.remove_private_tags()
    for name in _STALE:
        if name in dataset:
            del dataset[name]
    return dataset


def _identify(dataset: Dataset, source: SliceSource, series: DerivedSeries, number: int) -> None:
    now = datetime.now(UTC)
    reference = Dataset()
    reference.ReferencedSOPClassUID = pydicom.dcmread(
        source.path, specific_tags=["SOPClassUID"], stop_before_pixels=True
    ).SOPClassUID
    reference.ReferencedSOPInstanceUID = dataset.SOPInstanceUID
    if source.frame is not None:
        reference.ReferencedFrameNumber = source.frame + 1
    reference.PurposeOfReferenceCodeSequence = coded(codes.cid7202.SourceImageForImageProcessingOperation)
    dataset.SourceImageSequence = Sequence([reference])
    dataset.SOPInstanceUID = generate_uid()
    dataset.SeriesInstanceUID = series.series_uid
    kind = [str(value) for value in dataset.get("ImageType", [])]
    plane = kind[2] if len(kind) > 2 and kind[2] in ("AXIAL",) else "AXIAL"
    dataset.ImageType = ["DERIVED", "PRIMARY", plane, series.kind]
    dataset.SeriesDescription = f"{str(dataset.get('SeriesDescription', ''))[:48]} {series.label}".strip()
    dataset.SeriesNumber = int(dataset.get("SeriesNumber", 0) or 0) + series.number_offset
    dataset.InstanceNumber = number
    dataset.InstanceCreationDate = dataset.ContentDate = now.strftime("%Y%m%d")
    dataset.InstanceCreationTime = dataset.ContentTime = now.strftime("%H%M%S")
    dataset.DerivationDescription = series.description[:1024]
    dataset.DerivationCodeSequence = coded(series.code)
    equipment = Dataset()
    equipment.Manufacturer = "recon"
    equipment.ManufacturerModelName = series.model[:64]
    equipment.SoftwareVersions = __version__
    equipment.ContributionDateTime = now.strftime("%Y%m%d%H%M%S.%f+0000")
    equipment.ContributionDescription = series.description[:1024]
    equipment.PurposeOfReferenceCodeSequence = coded(codes.cid7005.ProcessingEquipment)
    known = list(dataset.get("ContributingEquipmentSequence", []))
    dataset.ContributingEquipmentSequence = Sequence([*known, equipment])


def coded(code: Code) -> Sequence:
    """A code as the one item of a sequence."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = (
        code.value, code.scheme_designator, code.meaning,
    )  # fmt: skip
    return Sequence([item])


def _encode(dataset: Dataset, values: FloatImage, slope: float, intercept: float, signed: bool, bits: int) -> None:
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    stored: npt.NDArray[np.float64] = np.rint((values.astype(np.float64) - intercept) / slope)
    dataset.Rows, dataset.Columns = values.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, bits, bits - 1
    dataset.PixelRepresentation = int(signed)
    dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = slope, intercept, "HU"
    pixels = np.clip(stored, low, high).astype("<i2" if signed else "<u2").tobytes()
    dataset.add_new("PixelData", "OW", pixels)
