"""The kinds of images that the reader can be asked for, and what is particular to each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.uid import (
    CTImageStorage,
    EnhancedCTImageStorage,
    EnhancedMRImageStorage,
    LegacyConvertedEnhancedCTImageStorage,
    LegacyConvertedEnhancedMRImageStorage,
    MRImageStorage,
)

from recon.io.dicom.read import magnitude, units
from recon.io.dicom.read.headers import text
from recon.volumes import Unit


@dataclass(frozen=True)
class ImageKind:
    """One kind of slices.

    Attributes
    ----------
    modality
        As in the header.
    name
        For a person, with its article.
    single_frame, multi_frame
        SOP classes.
    frame_type
        Functional group that holds a frame's type.
    unit
        Of the values.
    padding
        What padding pixels hold in a volume.
    polarities
        Usable PhotometricInterpretations.
    require_values
        Refuses values of another meaning: called with the data set, where its rescale is, and ImageType.
    rescale
        Slope and intercept.
    own
        Whether results that recon wrote are wanted, and nothing else; elsewhere they are no input.
    """

    modality: str
    name: str
    single_frame: str
    multi_frame: frozenset[str]
    frame_type: str
    unit: Unit
    padding: float
    polarities: frozenset[str]
    require_values: Callable[[Dataset, Dataset, list[str]], None]
    rescale: Callable[[Dataset], tuple[float, float]]
    own: bool = False

    @property
    def classes(self) -> frozenset[str]:
        """All SOP classes."""
        return self.multi_frame | {self.single_frame}


CT = ImageKind(
    "CT",
    "a CT image",
    str(CTImageStorage),
    frozenset({str(EnhancedCTImageStorage), str(LegacyConvertedEnhancedCTImageStorage)}),
    "CTImageFrameTypeSequence",
    Unit.HU,
    -2000.0,  # below everything that is denoised or judged
    frozenset({"MONOCHROME1", "MONOCHROME2", ""}),  # HU are HU, however they are shown
    units.require_hu,
    units.rescale,
)
MR = ImageKind(
    "MR",
    "an MR image",
    str(MRImageStorage),
    frozenset({str(EnhancedMRImageStorage), str(LegacyConvertedEnhancedMRImageStorage)}),
    "MRImageFrameTypeSequence",
    Unit.ARBITRARY,
    0.0,
    frozenset({"MONOCHROME2", ""}),
    magnitude.require_magnitude,
    magnitude.rescale,
)
KINDS = (CT, MR)


def sop_class(dataset: Dataset) -> str:
    """SOP class of the data set, or else of the meta header."""
    meta = getattr(dataset, "file_meta", None)
    return text(dataset, "SOPClassUID") or (text(meta, "MediaStorageSOPClassUID") if meta else "")


def kind_of(dataset: Dataset) -> ImageKind | None:
    """The kind of a data set, by its SOP class or, without one, its modality."""
    uid, modality = sop_class(dataset), text(dataset, "Modality")
    return next((kind for kind in KINDS if uid in kind.classes or (not uid and modality == kind.modality)), None)
