"""What a derived image must have and its source may lack: type 1 and 2 attributes of PS3.3, told as unknown."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, MRImageStorage, generate_uid

from recon.io.dicom.read.headers import number, text

#: Type 2 and 2C: empty where nobody knows.
_EMPTY = ("PatientPosition", "PositionReferenceIndicator", "Manufacturer", "AcquisitionNumber")
_EMPTY_OF = {
    CTImageStorage: ("KVP",),
    MRImageStorage: ("ScanOptions", "MRAcquisitionType", "EchoTime", "EchoTrainLength", "RepetitionTime"),
}
#: Type 1, with the defined terms that say the least.
_TERMS = {"ScanningSequence": "RM", "SequenceVariant": "NONE"}


def complete(dataset: Dataset) -> None:
    """Add what a CT or MR image must have, without claiming anything about the scan.

    Parameters
    ----------
    dataset
        A derived image with its SOP class, study and the attributes that its source had.
    """
    sop_class = dataset.SOPClassUID
    for name in (*_EMPTY, *_EMPTY_OF.get(sop_class, ())):
        if name not in dataset:
            setattr(dataset, name, None)
    if number(dataset, "SpacingBetweenSlices") == 0:  # readers refuse such a voxel; the places are in the slices
        del dataset.SpacingBetweenSlices
    if number(dataset, "SliceThickness") == 0:
        dataset.SliceThickness = None
    if "ImageLaterality" not in dataset and "Laterality" not in dataset:
        dataset.Laterality = None  # asked for where the part of the body is paired, which no header tells for sure
    if not text(dataset, "FrameOfReferenceUID"):
        # the same for all that is made in a study without one
        dataset.FrameOfReferenceUID = generate_uid(entropy_srcs=[text(dataset, "StudyInstanceUID"), "frame"])
    if sop_class == MRImageStorage:
        for name, term in _TERMS.items():
            if not text(dataset, name):
                setattr(dataset, name, term)
        if "IR" in text(dataset, "ScanningSequence").split("\\") and "InversionTime" not in dataset:
            dataset.InversionTime = None
