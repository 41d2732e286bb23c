"""Whether MR pixels are a magnitude image: phase, real and imaginary parts and maps are none."""

from __future__ import annotations

import math
import re

from pydicom.dataset import Dataset
from pydicom.tag import Tag

from recon.io.dicom.read.headers import number, text
from recon.io.dicom.read.skipped import Kind, Refused

_PARTS = {
    "P": "phase",
    "PHASE": "phase",
    "PHASEMAP": "phase",
    "VELOCITY": "phase",
    "VELMAP": "phase",
    "R": "real",
    "REAL": "real",
    "I": "imaginary",
    "IMAGINARY": "imaginary",
}
#: GE writes 0 to 3 into a private element.
_GE_PARTS = {1: "phase", 2: "real", 3: "imaginary"}
GE_PART = Tag(0x0043, 0x102F)
_DERIVED = {
    "SUB",
    "SUBTRACTION",
    "ADC",
    "FA",
    "EADC",
    "TRACEW",
    "TENSOR",
    "MIP",
    "MINIP",
    "PROJECTION",
    "DIVISION",
    "MASKED",
    "STD",
    "RATIO",
    "PERFUSION",
    "CBF",
    "CBV",
    "MTT",
    "TTP",
    "RCBV",
    "RCBF",
    "TMAX",
    "KTRANS",
    "T1MAP",
    "T2MAP",
    "FMRI",
    "MOSAIC",
    "QUANTITY",
    "SEGMENTATION",
}


def require_magnitude(dataset: Dataset, transformation: Dataset, kinds: list[str]) -> None:
    """Refuse what is no magnitude image by the header's own account.

    Parameters
    ----------
    dataset
        Of the file.
    transformation
        Where RescaleSlope and RescaleIntercept are.
    kinds
        Values of ImageType or, of a frame, FrameType, in capitals.

    Raises
    ------
    Refused
        Naming the attribute and its value.
    """
    component = text(dataset, "ComplexImageComponent").upper()
    part = _PARTS.get(component) or _ge_part(dataset)
    if part:
        raise Refused(f"a {part} image, not a magnitude", Kind.OTHER)
    for value in kinds:
        words = {value, *re.split(r"[\s_/]+", value)}
        # the first two values are ORIGINAL or DERIVED and PRIMARY or SECONDARY
        found = next((_PARTS[word] for word in words if word in _PARTS), "")
        if found:
            raise Refused(f"ImageType has {value[:32]}: a {found} image, not a magnitude", Kind.OTHER)
        if words & _DERIVED:
            raise Refused(f"ImageType has {value[:32]}: a derived map, not an image as it was scanned", Kind.OTHER)
    if "ModalityLUTSequence" in dataset:
        raise Refused("has a ModalityLUTSequence in place of RescaleSlope; not supported yet", Kind.UNSUPPORTED)
    rescale(transformation)


def rescale(transformation: Dataset) -> tuple[float, float]:
    """Rescale slope and intercept; 1 and 0 where there are none, as most MR images have none.

    Raises
    ------
    Refused
        When they are no numbers, or give no image.
    """
    found = []
    for keyword, default in (("RescaleSlope", 1.0), ("RescaleIntercept", 0.0)):
        value, given = number(transformation, keyword), text(transformation, keyword)
        if value is None and given:
            raise Refused(f"has {keyword} {given[:20]!r}, which is no number", Kind.UNSUPPORTED)
        found.append(default if value is None else value)
    slope, intercept = found
    if not 1e-12 < abs(slope) < 1e12 or not math.isfinite(intercept) or abs(intercept) > 1e12:
        raise Refused(f"has Rescale Slope {slope:g} and Intercept {intercept:g}, which give no image", Kind.UNSUPPORTED)
    return slope, intercept


def _ge_part(dataset: Dataset) -> str:
    element = dataset.get_item(GE_PART)
    value = getattr(element, "value", None)
    if isinstance(value, bytes) and len(value) == 2:
        return _GE_PARTS.get(int.from_bytes(value, "little"), "")
    return _GE_PARTS.get(value, "") if isinstance(value, int) else ""
