"""What lies beside slices and is none: other objects, localizers, reports, recon's own results."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.uid import UID

from recon.io.dicom.read.headers import items, number, text
from recon.io.dicom.read.kinds import ImageKind, sop_class
from recon.io.dicom.read.skipped import Kind, Refused

_NO_SLICE = {
    "LOCALIZER": "a localizer, not a slice",
    "SCOUT": "a localizer, not a slice",
    "TOP": "a localizer, not a slice",
    "TOPOGRAM": "a localizer, not a slice",
    "SCREEN SAVE": "a screenshot, not a slice",
    "SCREENSHOT": "a screenshot, not a slice",
    "DOSE_INFO": "a dose report, not a slice",
    "DOSE REPORT": "a dose report, not a slice",
    "PROT": "a protocol page, not a slice",
    "UNCERTAINTY": "an uncertainty map, not an image",
}
OWN = "recon"
#: The one of recon's own series that is meant to be read again.
SIMULATED = "SIMULATED"


def image_type(dataset: Dataset) -> list[str]:
    """Values of ImageType in capitals."""
    return [part.strip().upper() for part in text(dataset, "ImageType").split("\\")]


def own_equipment(dataset: Dataset) -> Dataset | None:
    """What recon says that it did, the last of it; None where it did nothing."""
    made = [one for one in items(dataset, "ContributingEquipmentSequence") if text(one, "Manufacturer") == OWN]
    return made[-1] if made else None


def require_image(dataset: Dataset, wanted: ImageKind) -> None:
    """Refuse what is no slice of a kind by its own account.

    Raises
    ------
    Refused
        Saying what it is.
    """
    kind = image_type(dataset)
    modality, uid = text(dataset, "Modality"), sop_class(dataset)
    own = SIMULATED not in kind and own_equipment(dataset) is not None
    if own and not wanted.own:
        what = kind[3].lower() if len(kind) > 3 else "result"
        raise Refused(f"written by recon ({what}); own results are no input", Kind.OTHER)
    if wanted.own and not own:
        raise Refused("not written by recon", Kind.OTHER)
    if uid not in wanted.classes and (uid or modality != wanted.modality):
        name = (UID(uid).name if uid else "no SOP class")[:64]
        raise Refused(f"not {wanted.name} ({modality or 'no modality'}, {name})", Kind.OTHER)
    if modality not in (wanted.modality, ""):
        raise Refused(f"modality is {modality[:16]}, not {wanted.modality}", Kind.OTHER)
    for value in () if own else kind:
        found = _NO_SLICE.get(value) or _NO_SLICE.get(value.rpartition(" ")[2])  # Siemens: "CT_SOM5 TOP"
        if found:
            raise Refused(found, Kind.OTHER)
    if text(dataset, "ConversionType"):
        raise Refused("a secondary capture (ConversionType), not a slice", Kind.OTHER)
    colours = number(dataset, "SamplesPerPixel")
    if colours is not None and colours != 1:
        raise Refused("a colour picture, not a slice", Kind.OTHER)
    photometric = text(dataset, "PhotometricInterpretation").upper()
    if photometric == "MONOCHROME1" and photometric not in wanted.polarities:
        raise Refused("PhotometricInterpretation is MONOCHROME1: dark and bright are exchanged", Kind.UNSUPPORTED)
    if photometric not in wanted.polarities:
        raise Refused(f"PhotometricInterpretation is {photometric[:20]}: a picture, not a slice", Kind.OTHER)
