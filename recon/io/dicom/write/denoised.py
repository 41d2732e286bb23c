"""Denoised CT slices and their half-widths, as derived series in HU."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import CTImageStorage, generate_uid

from recon.errors import OutputFailed, UnreadableInput
from recon.io.dicom.read.foreign import SIMULATED
from recon.io.dicom.read.headers import quietly, text
from recon.io.dicom.read.padding import padding_bits
from recon.io.dicom.read.pixels import StoredSlice, read_slice
from recon.io.dicom.read.records import SliceSource
from recon.io.dicom.read.skipped import Kind, Refused, first_line
from recon.io.dicom.write.derive import UNCERTAINTY, DerivedImage, DerivedSeries, identify, save
from recon.io.dicom.write.template import header_of, set_decimals, single_frame
from recon.io.disk import write_error
from recon.quality.hu_plausible import PADDING_HU
from recon.volumes import FloatImage

#: Last value of ImageType.
DENOISED = "DENOISED"
_CT = DerivedImage(CTImageStorage, "CT", ("DERIVED", "PRIMARY", "AXIAL"))


def denoised_series(model: str, strength: float) -> DerivedSeries:
    """The series of denoised images."""
    words = f"Low-dose CT denoising, strength {strength:g}, model {model}. Not for primary diagnosis."
    code = codes.cid7203.PixelByPixelSubtraction
    return DerivedSeries(DENOISED, "denoised", 7000, words, code, model, generate_uid())


def uncertainty_series(model: str) -> DerivedSeries:
    """The series of uncertainty maps."""
    words = f"Half-width in HU of the 90 % interval around the denoised image, model {model}."
    code = codes.cid7203.PixelByPixelSubtraction
    return DerivedSeries(UNCERTAINTY, "uncertainty", 7001, words, code, model, generate_uid())


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
            untouched = hu < PADDING_HU
            if series.kind == UNCERTAINTY:
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


def _steps(values: npt.NDArray[np.float64], size: float) -> npt.NDArray[np.int64]:
    limit = 2.0**40
    return np.rint(np.clip(np.nan_to_num(values / size), -limit, limit)).astype(np.int64)


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
