"""Synthesised full-dose slices as a derived MR series that nobody can take for a scan at full dose."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid

from recon import __version__
from recon.errors import OutputFailed, UnreadableInput
from recon.io.dicom import coded
from recon.volumes import FloatImage

_LARGEST = 4095
_STALE = (
    "SmallestImagePixelValue", "LargestImagePixelValue", "SmallestPixelValueInSeries", "LargestPixelValueInSeries",
    "IconImageSequence", "PixelDataProviderURL", "ExtendedOffsetTable", "ExtendedOffsetTableLengths",
    "ModalityLUTSequence", "VOILUTSequence", "RealWorldValueMappingSequence", "PixelPaddingValue",
    "PixelPaddingRangeLimit", "ReferencedImageEvidenceSequence", "DigitalSignaturesSequence",
    "MACParametersSequence", "OriginalAttributesSequence", "LossyImageCompression", "LossyImageCompressionRatio",
    "LossyImageCompressionMethod",
)  # fmt: skip
#: Nothing in the result may claim that a full dose was given.
_AGENT = (
    "ContrastBolusAgent", "ContrastBolusAgentSequence", "ContrastBolusRoute", "ContrastBolusVolume",
    "ContrastBolusStartTime", "ContrastBolusStopTime", "ContrastBolusTotalDose", "ContrastFlowRate",
    "ContrastFlowDuration", "ContrastBolusIngredient", "ContrastBolusIngredientConcentration",
    "ContrastBolusAdministrationRouteSequence", "ContrastAdministrationProfileSequence",
)  # fmt: skip


@dataclass(frozen=True)
class SynthesisedSeries:
    """What all slices of one derived series share.

    Attributes
    ----------
    kind
        Last value of ImageType: ``SYNTHESISED``, ``UNCERTAINTY`` or ``DETECTABILITY``.
    label
        Appended to the series description.
    number_offset
        Added to the series number.
    description
        Derivation in words.
    model
        Name, version and checksum of the model.
    largest
        Value that is stored as 4095, the same for all slices.
    series_uid
        New for every series.
    """

    kind: str
    label: str
    number_offset: int
    description: str
    model: str
    largest: float
    series_uid: str = field(default_factory=generate_uid)


def synthesised_series(model: str, dose_fraction: float, largest: float) -> SynthesisedSeries:
    """The series of synthesised full-dose images."""
    words = (
        f"SYNTHESISED full-dose contrast image, no scan: computed from scans before contrast and after "
        f"{dose_fraction:.0%} of the dose by model {model}. No full dose was given. Not for primary diagnosis."
    )
    return SynthesisedSeries("SYNTHESISED", "SYNTHESISED full dose", 7200, words, model, largest)


def uncertainty_series(model: str, largest: float) -> SynthesisedSeries:
    """The series of uncertainty maps."""
    words = f"Half-width of the 90 % interval around the synthesised full-dose image, model {model}."
    return SynthesisedSeries("UNCERTAINTY", "uncertainty", 7201, words, model, largest)


def detectability_series(model: str, largest: float) -> SynthesisedSeries:
    """The series of the smallest full-dose enhancement that noise and dose allow."""
    words = f"Smallest full-dose enhancement of a 5 mm lesion that noise and dose allow to see, model {model}."
    return SynthesisedSeries("DETECTABILITY", "smallest visible enhancement", 7202, words, model, largest)


def write_synthesised_slice(
    values: FloatImage, pre: Path, low: Path | None, series: SynthesisedSeries, number: int, path: Path
) -> None:
    """Write one derived slice.

    Parameters
    ----------
    values
        (y, x), not negative.
    pre
        DICOM file of the pre scan at this place; patient, study and geometry come from it.
    low
        DICOM file of the low-dose scan nearest to it, for the reference.
    series
        That it belongs to.
    number
        Instance number, from 1.
    path
        Where to write it.

    Raises
    ------
    UnreadableInput
        When the source has changed since it was read.
    OutputFailed
        When the slice can't be written.
    """
    try:
        dataset = pydicom.dcmread(pre, stop_before_pixels=True)
        sources = [_reference(pydicom.dcmread(file, stop_before_pixels=True)) for file in (pre, low) if file]
    except (OSError, pydicom.errors.InvalidDicomError) as error:
        raise UnreadableInput(f"{pre}: can't be read again: {error}") from error
    if (dataset.Rows, dataset.Columns) != values.shape:
        raise UnreadableInput(f"{pre}: is {dataset.Rows}x{dataset.Columns} now; it changed while it was worked on")
    dataset.remove_private_tags()
    for name in (*_STALE, *_AGENT):
        if name in dataset:
            del dataset[name]
    _identify(dataset, sources, series, number)
    scale = max(series.largest, 1e-9)
    stored = np.clip(np.rint(np.nan_to_num(values) * (_LARGEST / scale)), 0, 65535).astype("<u2")
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 0
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = 0, f"{scale / _LARGEST:.10g}", "US"
    dataset.WindowCenter, dataset.WindowWidth = f"{scale / 2:.8g}", f"{scale:.8g}"
    dataset.add_new("PixelData", "OW", stored.tobytes())
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = dataset.SOPClassUID, dataset.SOPInstanceUID
    dataset.file_meta = meta
    try:
        dataset.save_as(path, enforce_file_format=True)
    except (OSError, ValueError) as error:
        raise OutputFailed(f"{path}: can't be written: {error}") from error


def _reference(source: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = source.SOPClassUID, source.SOPInstanceUID
    item.PurposeOfReferenceCodeSequence = coded(codes.cid7202.SourceImageForImageProcessingOperation)
    return item


def _identify(dataset: Dataset, sources: list[Dataset], series: SynthesisedSeries, number: int) -> None:
    now = datetime.now(UTC)
    dataset.SOPClassUID, dataset.Modality = MRImageStorage, "MR"
    dataset.SOPInstanceUID, dataset.SeriesInstanceUID = generate_uid(), series.series_uid
    dataset.ImageType = ["DERIVED", "SECONDARY", "OTHER", series.kind]
    known = str(dataset.get("SeriesDescription", "") or "")[: 63 - len(series.label)]
    dataset.SeriesDescription = f"{known} {series.label}".strip()
    dataset.SeriesNumber = int(dataset.get("SeriesNumber") or 0) + series.number_offset
    dataset.InstanceNumber = number
    dataset.InstanceCreationDate = dataset.ContentDate = now.strftime("%Y%m%d")
    dataset.InstanceCreationTime = dataset.ContentTime = now.strftime("%H%M%S")
    dataset.SourceImageSequence = Sequence(sources)
    dataset.DerivationDescription = series.description[:1024]
    dataset.DerivationCodeSequence = coded(codes.cid7203.PixelByPixelAddition)
    equipment = Dataset()
    equipment.Manufacturer, equipment.ManufacturerModelName = "recon", series.model[:64]
    equipment.SoftwareVersions = __version__
    equipment.ContributionDateTime = now.strftime("%Y%m%d%H%M%S.%f+0000")
    equipment.ContributionDescription = series.description[:1024]
    equipment.PurposeOfReferenceCodeSequence = coded(codes.cid7005.ProcessingEquipment)
    before = list(dataset.get("ContributingEquipmentSequence") or [])
    dataset.ContributingEquipmentSequence = Sequence([*before, equipment])
