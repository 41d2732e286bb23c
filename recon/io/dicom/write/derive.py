"""Derived DICOM slices: the source's patient, study and geometry, our identity, provenance and pixels."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from recon import __version__
from recon.io.dicom.read.foreign import OWN
from recon.io.dicom.read.records import SliceSource
from recon.io.dicom.write.attributes import raw_text, written_as
from recon.io.dicom.write.required import complete
from recon.io.dicom.write.template import coded, described, header_of, reference_to, series_number
from recon.volumes import FloatImage

#: Last value of ImageType of half-widths.
UNCERTAINTY = "UNCERTAINTY"
#: What the scale of relative brightness is stored as.
_WHITE = 4095


@dataclass(frozen=True)
class DerivedSeries:
    """What all slices of one derived series share.

    Attributes
    ----------
    kind
        Last value of ImageType, such as ``DENOISED`` or ``UNCERTAINTY``.
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


def strength_in(description: str) -> float | None:
    """The strength in the words of a series' derivation; None where there is none."""
    found = re.search(r"strength ([\d.]*\d(?:e-\d+)?)", description)
    return float(found[1]) if found else None


@dataclass(frozen=True)
class DerivedImage:
    """What kind of object a derived slice is: SOP class, modality, and ImageType before the series' own value."""

    sop_class: str
    modality: str
    image_type: tuple[str, ...]


def contribution(model: str, description: str) -> Dataset:
    """What recon did, for ContributingEquipmentSequence."""
    equipment = Dataset()
    equipment.Manufacturer = OWN
    equipment.ManufacturerModelName = model[:64]
    equipment.SoftwareVersions = __version__
    equipment.ContributionDateTime = datetime.now(UTC).strftime("%Y%m%d%H%M%S.%f+0000")
    equipment.ContributionDescription = description[:1024]
    equipment.PurposeOfReferenceCodeSequence = coded(codes.cid7005.ProcessingEquipment)
    return equipment


def save(dataset: Dataset, path: Path) -> None:
    """Write a data set as a DICOM file."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta = meta
    written_as(dataset).save_as(path, enforce_file_format=True)


def identify(
    dataset: Dataset, sources: Iterable[SliceSource], series: DerivedSeries, number: int, image: DerivedImage
) -> None:
    """Give a derived slice its identity and provenance.

    Parameters
    ----------
    dataset
        Made from the first of ``sources``, see :func:`recon.io.dicom.write.template.single_frame`.
    sources
        That it was computed from, the one that gives its place first.
    series
        That it belongs to.
    number
        Instance number, from 1.
    image
        SOP class, modality and the values of ImageType before the series' kind.
    """
    sources = list(sources)
    original, now = header_of(sources[0]), datetime.now(UTC)
    if "SourceImageSequence" in dataset:
        del dataset["SourceImageSequence"]
    references = [reference for source in sources if (reference := reference_to(source)) is not None]
    if references:
        dataset.SourceImageSequence = Sequence(references)
    dataset.SOPClassUID, dataset.Modality = image.sop_class, image.modality
    dataset.SOPInstanceUID, dataset.SeriesInstanceUID = generate_uid(), series.series_uid
    dataset.ImageType = [*image.image_type, series.kind]
    dataset["SeriesDescription"] = raw_text("SeriesDescription", "LO", described(dataset, series.label))
    dataset.SeriesNumber = series_number(original, series.number_offset)
    dataset.InstanceNumber = number
    dataset.InstanceCreationDate = dataset.ContentDate = now.strftime("%Y%m%d")
    dataset.InstanceCreationTime = dataset.ContentTime = now.strftime("%H%M%S")
    dataset.DerivationDescription = series.description[:1024]
    dataset.DerivationCodeSequence = coded(series.code)
    known = list(dataset.get("ContributingEquipmentSequence") or [])
    dataset.ContributingEquipmentSequence = Sequence([*known, contribution(series.model, series.description)])
    complete(dataset)


def put_scaled(dataset: Dataset, values: FloatImage, white: float, bits: int) -> None:
    """Store pixels whose unit means nothing, all slices of a series alike.

    Parameters
    ----------
    dataset
        Takes them.
    values
        (y, x), not negative; NaN becomes 0.
    white
        Value that is stored as 4095.
    bits
        Stored; what they can't hold is cut off.
    """
    stored = np.clip(np.rint(np.nan_to_num(values) * (_WHITE / white)), 0, 2**bits - 1).astype("<u2")
    dataset.Rows, dataset.Columns = stored.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, bits, bits - 1, 0
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = 0, f"{white / _WHITE:.10g}", "US"
    dataset.add_new("PixelData", "OW", stored.tobytes() + b"\0" * (stored.nbytes % 2))
