"""Derived DICOM slices: the source's patient, study and geometry, our pixels and provenance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from recon import __version__
from recon.errors import OutputFailed, UnreadableInput
from recon.io.dicom.read.foreign import OWN, SIMULATED
from recon.io.dicom.read.headers import quietly, text
from recon.io.dicom.read.padding import padding_bits
from recon.io.dicom.read.pixels import StoredSlice, read_slice
from recon.io.dicom.read.records import SliceSource
from recon.io.dicom.read.skipped import Kind, Refused, first_line
from recon.io.dicom.write.attributes import raw_text, written_as
from recon.io.dicom.write.required import complete
from recon.io.dicom.write.template import (
    coded,
    described,
    header_of,
    reference_to,
    series_number,
    set_decimals,
    single_frame,
)
from recon.io.disk import write_error
from recon.volumes import FloatImage

#: Values below this are no measurement and stay as they are.
UNTOUCHED_BELOW_HU = -1500.0


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


@dataclass(frozen=True)
class DerivedImage:
    """What kind of object a derived slice is: SOP class, modality, and ImageType before the series' own value."""

    sop_class: str
    modality: str
    image_type: tuple[str, ...]


_CT = DerivedImage(CTImageStorage, "CT", ("DERIVED", "PRIMARY", "AXIAL"))


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
        stored = stored_slice(source)
        dataset = single_frame(source)
    except Refused as error:
        raise UnreadableInput(f"{source.path}: {error.problem}") from error
    if stored.values.shape != values.shape:
        raise UnreadableInput(f"{source.path}: is {stored.values.shape} now; it changed while it was worked on")
    try:
        with quietly():
            identify(dataset, [source], series, number, _CT)
            hu = stored.image
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
            save(dataset, path)
    except OSError as error:
        raise write_error(path, error) from error
    except Exception as error:
        raise OutputFailed(f"{path}: can't be written: {first_line(error)}") from error


def stored_slice(source: SliceSource) -> StoredSlice:
    """The source's pixels; decoded once for the image and the uncertainty that are made from them.

    Raises
    ------
    Refused
        When they can't be decoded.
    """
    try:
        status = source.path.stat()
    except OSError as error:
        raise Refused(f"can't be read: {error.strerror or first_line(error)}", Kind.BROKEN) from error
    return _decoded(source, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=8)
def _decoded(source: SliceSource, modified: int, size: int) -> StoredSlice:
    return read_slice(source)


def contribution(series: DerivedSeries) -> Dataset:
    """What recon did, for ContributingEquipmentSequence."""
    equipment = Dataset()
    equipment.Manufacturer = OWN
    equipment.ManufacturerModelName = series.model[:64]
    equipment.SoftwareVersions = __version__
    equipment.ContributionDateTime = datetime.now(UTC).strftime("%Y%m%d%H%M%S.%f+0000")
    equipment.ContributionDescription = series.description[:1024]
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


def _steps(values: npt.NDArray[np.float64], size: float) -> npt.NDArray[np.int64]:
    limit = 2.0**40
    return np.rint(np.clip(np.nan_to_num(values / size), -limit, limit)).astype(np.int64)


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
    dataset.ContributingEquipmentSequence = Sequence([*known, contribution(series)])
    complete(dataset)


def _pad(dataset: Dataset, source: SliceSource, stored: StoredSlice) -> None:
    if stored.padding is None:
        return
    bits = padding_bits(header_of(source))
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
    set_decimals(dataset, "RescaleSlope", (slope,))
    set_decimals(dataset, "RescaleIntercept", (intercept,))
    dataset.RescaleType = "HU"
    pixels = np.clip(stored, low, high).astype(f"<{'i' if signed else 'u'}{allocated // 8}").tobytes()
    dataset.add_new("PixelData", "OW", pixels)
