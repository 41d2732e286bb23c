"""Stored pixels of one frame, in every storage that images are met in, and their values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID

from recon.arrays import IntegerArray
from recon.errors import UnreadableInput
from recon.io.dicom.read.headers import functional_group, integer, quietly, text, unfolded
from recon.io.dicom.read.kinds import CT, kind_of, sop_class
from recon.io.dicom.read.padding import padding_mask
from recon.io.dicom.read.records import SliceSource
from recon.io.dicom.read.skipped import Kind, Refused, first_line
from recon.volumes import FloatImage


@dataclass(frozen=True)
class StoredSlice:
    """One frame as it is stored.

    Attributes
    ----------
    values
        (y, x) int64, unused bits cut off, sign extended.
    bits, signed
        BitsStored and PixelRepresentation, for which ``values`` hold.
    slope, intercept
        To HU, or to the unit of an MR image.
    padding
        (y, x), or None when the header declares none.
    fill
        What padding holds in :attr:`image`.
    notes
        For a person.
    """

    values: IntegerArray
    bits: int
    signed: bool
    slope: float
    intercept: float
    padding: npt.NDArray[np.bool_] | None
    fill: float
    notes: tuple[str, ...] = ()

    @property
    def image(self) -> FloatImage:
        """(y, x) in the unit of its kind; padding holds ``fill``."""
        scaled = (self.values * self.slope + self.intercept).astype(np.float32)
        if self.padding is not None:
            scaled[self.padding] = self.fill
        return scaled


def read_slice(source: SliceSource) -> StoredSlice:
    """Decode one frame.

    Raises
    ------
    Refused
        When it is damaged or stored in a way that is not supported, naming the attribute.
    """
    path = source.path
    try:
        status = path.stat()
        dataset = _opened(path, status.st_mtime_ns, status.st_size)
        with quietly():
            return _decode(dataset, source.frame)
    except Refused:
        raise
    except UnreadableInput as error:
        raise Refused(error.problem.removeprefix(f"{path}: "), Kind.BROKEN) from error
    except OSError as error:
        raise Refused(f"can't be read: {error.strerror or first_line(error)}", Kind.BROKEN) from error
    except Exception as error:  # decoders raise whatever they like
        raise Refused(f"pixels can't be decoded (truncated or damaged): {first_line(error)}", Kind.BROKEN) from error


@lru_cache(maxsize=1)
def _opened(path: Path, modified: int, size: int) -> Dataset:
    """The file of the last slice, for the frames that follow."""
    with path.open("rb") as file, quietly():
        return pydicom.dcmread(unfolded(path, file), force=True)


def _decode(dataset: Dataset, frame: int | None) -> StoredSlice:
    for name in ("FloatPixelData", "DoubleFloatPixelData"):
        if name in dataset:
            raise Refused(f"has {name}; only PixelData is supported", Kind.UNSUPPORTED)
    if "PixelData" not in dataset:
        raise Refused("has no pixel data", Kind.BROKEN)
    allocated = integer(dataset, "BitsAllocated", 0)
    bits = integer(dataset, "BitsStored", allocated) or allocated
    if not 1 < bits <= allocated:
        raise Refused(f"BitsStored is {bits} of {allocated} bits allocated", Kind.BROKEN)
    representation = integer(dataset, "PixelRepresentation", 0)
    if representation not in (0, 1):
        raise Refused(f"PixelRepresentation is {representation}; it must be 0 or 1", Kind.BROKEN)
    signed = representation == 1
    notes: list[str] = []
    container: IntegerArray | None = None
    syntax = _syntax(dataset)
    if syntax is not None and syntax.is_compressed and not syntax.is_deflated:
        values = _compressed(dataset, syntax, frame or 0)
    else:
        container = _native(dataset, frame or 0, allocated)
        values = _significant(dataset, container, allocated, bits, signed, notes)
    transformation = dataset
    kind = kind_of(dataset) or CT
    if frame is not None or sop_class(dataset) in kind.multi_frame:
        transformation = functional_group(dataset, frame or 0, "PixelValueTransformationSequence") or dataset
    slope, intercept = kind.rescale(transformation)
    padding = padding_mask(dataset, values, container, signed)
    by_value = padding_mask(dataset, values, None, signed)
    if padding is not None and by_value is not None and container is not None and bits < allocated:
        # padding in the unused bits: take it as it lies in the container, so that it can be put back
        lost = padding & ~by_value
        if lost.any():
            values, bits = np.where(lost, _extended(container, allocated, signed), values), allocated
    return StoredSlice(values, bits, signed, slope, intercept, padding, kind.padding, tuple(notes))


def _syntax(dataset: Dataset) -> UID | None:
    uid = text(dataset.file_meta, "TransferSyntaxUID") if hasattr(dataset, "file_meta") else ""
    return UID(uid) if uid and UID(uid).is_transfer_syntax else None


def _compressed(dataset: Dataset, syntax: UID, frame: int) -> IntegerArray:
    try:
        usable = get_decoder(syntax).is_available
    except NotImplementedError:
        usable = False
    if not usable:
        raise Refused(f"TransferSyntaxUID is {syntax.name}, which can't be decoded here", Kind.UNSUPPORTED)
    shape = (integer(dataset, "Rows", 0), integer(dataset, "Columns", 0))
    with quietly():
        # some writers leave out what every image has
        dataset.setdefault("SamplesPerPixel", 1)
        dataset.setdefault("PhotometricInterpretation", "MONOCHROME2")
        dataset.setdefault("PixelRepresentation", 0)
        values = pixel_array(dataset, index=frame)
    if values.shape != shape:
        raise Refused(f"has pixels of shape {values.shape} where Rows and Columns say {shape}", Kind.BROKEN)
    return values.astype(np.int64)


def _native(dataset: Dataset, frame: int, allocated: int) -> IntegerArray:
    """Unsigned containers (y, x) of a frame that is not compressed."""
    data = dataset.PixelData
    rows, columns = integer(dataset, "Rows", 0), integer(dataset, "Columns", 0)
    frames = max(integer(dataset, "NumberOfFrames", 1), 1)
    size = rows * columns * allocated // 8
    if len(data) < size * frames:
        raise Refused(f"truncated: {len(data)} of {size * frames} bytes of pixels", Kind.BROKEN)
    if len(data) >= 2 * size * frames:
        declared = f"NumberOfFrames {frames}, Rows {rows}, Columns {columns} and BitsAllocated {allocated}"
        raise Refused(f"holds {len(data)} bytes of pixels where {declared} make {size * frames}", Kind.BROKEN)
    big = not _little_endian(dataset)
    part = data[frame * size : (frame + 1) * size]
    if big and allocated == 8 and dataset["PixelData"].VR == "OW":
        # bytes lie in 16-bit words
        even = data[: len(data) // 2 * 2]
        part = np.frombuffer(even, "u2").byteswap().tobytes()[frame * size : (frame + 1) * size]
    found = np.frombuffer(part, f"{'>' if big else '<'}u{allocated // 8}")
    return found.reshape(rows, columns).astype(np.int64)


def _little_endian(dataset: Dataset) -> bool:
    little = dataset.original_encoding[1]
    return True if little is None else bool(little)


def _significant(
    dataset: Dataset, container: IntegerArray, allocated: int, bits: int, signed: bool, notes: list[str]
) -> IntegerArray:
    """Cut out the bits that hold the value; above and below there may be overlays or anything else."""
    high = integer(dataset, "HighBit", bits - 1)
    if not bits - 1 <= high < allocated:
        raise Refused(f"HighBit is {high} for {bits} of {allocated} bits", Kind.BROKEN)
    shifted = container >> (high + 1 - bits)
    values = _extended(shifted, bits, signed)
    above = shifted >> bits
    if above.any() and not _has_overlays(dataset):
        full = (1 << (allocated - high - 1)) - 1
        strange = (above != 0) & ~((above == full) & (values < 0))
        if strange.any():
            notes.append(f"bits above HighBit {high} are set in {int(strange.sum())} pixels and were not read")
    return values


def _has_overlays(dataset: Dataset) -> bool:
    return any(0x6000 <= tag.group <= 0x60FF for tag in list(dataset.keys()))


def _extended(values: IntegerArray, bits: int, signed: bool) -> IntegerArray:
    cut = values & ((1 << bits) - 1)
    return cut - ((cut >> (bits - 1)) << bits) if signed else cut
