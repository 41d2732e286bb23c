"""Pixels that fill the image outside the field of view (PixelPaddingValue and its range limit, PS3.3 C.7.5.1.1.2)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from recon.arrays import IntegerArray
from recon.io.dicom.read.headers import number


def padding_mask(
    dataset: Dataset, values: IntegerArray, container: IntegerArray | None, signed: bool
) -> npt.NDArray[np.bool_] | None:
    """Where a frame is padding; None when the header declares none.

    Parameters
    ----------
    dataset
        With PixelPaddingValue and PixelPaddingRangeLimit in either VR, right or wrong for the pixels.
    values
        (y, x) stored values.
    container
        (y, x) the same before unused high bits were cut off: some writers put padding there.
    signed
        Whether the pixels are signed.
    """
    value, limit = padding_bits(dataset)
    if value is None:
        return None
    # the VR may contradict PixelRepresentation; the bits are what counts
    first = value - 65536 if signed and value >= 32768 else value
    last = first
    if limit is not None:
        last = limit - 65536 if signed and limit >= 32768 else limit
    low, high = min(first, last), max(first, last)
    mask = (values >= low) & (values <= high)
    if container is not None:
        mask |= (container & 0xFFFF) == value
    return mask


def padding_bits(dataset: Dataset) -> tuple[int | None, int | None]:
    """The 16 bits of PixelPaddingValue and PixelPaddingRangeLimit; None where absent."""
    return _sixteen_bits(dataset, "PixelPaddingValue"), _sixteen_bits(dataset, "PixelPaddingRangeLimit")


def _sixteen_bits(dataset: Dataset, keyword: str) -> int | None:
    tag = tag_for_keyword(keyword)
    if tag is None or tag not in dataset:
        return None
    element = dataset.get_item(tag)
    if isinstance(element, RawDataElement):
        raw = element.value
        if isinstance(raw, bytes) and len(raw) == 2:
            return int.from_bytes(raw, "little" if element.is_little_endian else "big")
    try:
        found = dataset.get(keyword)
        if isinstance(found, bytes):
            return int.from_bytes(found[:2], "little") if len(found) >= 2 else None
        if isinstance(found, pydicom.multival.MultiValue):
            found = found[0]
        return None if found in (None, "") else int(float(found)) & 0xFFFF
    except Exception:
        value = number(dataset, keyword)
        return None if value is None else int(value) & 0xFFFF
