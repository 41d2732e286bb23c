"""Whether the rescaled values are HU: RescaleType, ImageType and real-world units (DICOM Supplement 188)."""

from __future__ import annotations

import math
import re

from pydicom.dataset import Dataset

from recon.io.dicom.read.headers import items, number, text
from recon.io.dicom.read.skipped import Kind, Refused

_HU = {"", "HU", "HOUNSFIELD", "HOUNSFIELD UNIT", "HOUNSFIELD UNITS", "HOUNSFIELD_UNIT", "HOUNSFIELD_UNITS"}
_HU_CODES = {"", "[HNSF'U]", "HNSF'U", "HU"}
_SPECTRAL = {
    "VMI",
    "MONO",
    "MONO_E",
    "MONOE",
    "MONOENERGETIC",
    "MAT_SPECIFIC",
    "MAT_REMOVED",
    "MAT_FRACTIONAL",
    "MAT_VALUE_BASED",
    "MAT_MODIFIED",
    "EFF_ATOMIC_NUM",
    "ELECTRON_DENSITY",
    "IODINE",
    "IODINE_MAP",
    "VNC",
    "VIRTUAL_NON_CONTRAST",
    "ZEFF",
    "Z_EFF",
    "RHO_Z",
    "RHO",
    "GSI",
    "SPECTRAL",
    "URIC_ACID",
    "CALCIUM",
}
_DERIVED = {
    "SUBTRACTION",
    "DIVISION",
    "MULTIPLICATION",
    "MASKED",
    "STD_DEVIATION",
    "QUANTITY",
    "MAXIMUM",
    "MINIMUM",
    "MIP",
    "MINIP",
    "MAX_IP",
    "MIN_IP",
    "VOLUME_RENDER",
    "SURFACE_RENDER",
    "VRT",
    "SSD",
    "PERFUSION",
    "CBF",
    "CBV",
    "MTT",
    "TTP",
    "TMAX",
    "PERMEABILITY",
    "FRACTION",
    "PROBABILITY",
    "SEGMENTATION",
    "DOSE",
}


def require_hu(dataset: Dataset, transformation: Dataset, kinds: list[str]) -> None:
    """Refuse values that are no HU by the header's own account.

    Parameters
    ----------
    dataset
        Of the file.
    transformation
        Where RescaleSlope, RescaleIntercept and RescaleType are.
    kinds
        Values of ImageType or, of a frame, FrameType, in capitals.

    Raises
    ------
    Refused
        Naming the attribute and its value.
    """
    unit = text(transformation, "RescaleType").upper()
    if unit not in _HU:
        raise Refused(f"RescaleType is {unit[:16]}, not HU", Kind.UNSUPPORTED)
    for value in kinds:
        words = {value, *re.split(r"[\s/]+", value)}
        if words & _SPECTRAL:
            raise Refused(f"ImageType has {value[:32]}: a spectral image, not plain CT in HU", Kind.UNSUPPORTED)
        if words & _DERIVED:
            raise Refused(f"ImageType has {value[:32]}: a derived map, not plain CT in HU", Kind.UNSUPPORTED)
    for mapping in items(dataset, "RealWorldValueMappingSequence"):
        for code in items(mapping, "MeasurementUnitsCodeSequence"):
            name = text(code, "CodeValue")
            if name.upper() not in _HU_CODES:
                raise Refused(f"RealWorldValueMappingSequence gives units of {name[:16]}, not HU", Kind.UNSUPPORTED)
    if "ModalityLUTSequence" in dataset:
        raise Refused("has a ModalityLUTSequence in place of RescaleSlope; not supported yet", Kind.UNSUPPORTED)
    rescale(transformation)


def rescale(transformation: Dataset) -> tuple[float, float]:
    """Rescale slope and intercept.

    Raises
    ------
    Refused
        When they are absent or no numbers.
    """
    slope, intercept = number(transformation, "RescaleSlope"), number(transformation, "RescaleIntercept")
    if slope is None or intercept is None:
        given = "\\".join(text(transformation, name)[:20] for name in ("RescaleSlope", "RescaleIntercept")).strip("\\")
        has = f"unusable Rescale Slope and Intercept {given!r}" if given else "no Rescale Slope and Intercept"
        raise Refused(f"has {has}, so its values can't be taken for HU", Kind.UNSUPPORTED)
    if slope == 0 or not 1e-7 < abs(slope) < 1e6 or not math.isfinite(intercept) or abs(intercept) > 1e7:
        raise Refused(f"has Rescale Slope {slope:g} and Intercept {intercept:g}, which give no HU", Kind.UNSUPPORTED)
    return slope, intercept
