"""A file is CT or MR by its SOP class, and by its modality only where it has none."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, EnhancedMRImageStorage, MRImageStorage, RTDoseStorage

from recon.io.dicom.read.kinds import CT, MR, ImageKind, kind_of


def header(sop_class: str = "", modality: str = "", in_meta: bool = False) -> Dataset:
    dataset = Dataset()
    if sop_class and in_meta:
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.MediaStorageSOPClassUID = sop_class
    elif sop_class:
        dataset.SOPClassUID = sop_class
    if modality:
        dataset.Modality = modality
    return dataset


@pytest.mark.parametrize(
    ("dataset", "kind"),
    [
        (header(CTImageStorage), CT),
        (header(MRImageStorage, in_meta=True), MR),
        (header(EnhancedMRImageStorage), MR),
        (header(modality="MR"), MR),
        (header(RTDoseStorage, "CT"), None),
        (header(modality="PT"), None),
        (header(), None),
    ],
)
def test_kinds(dataset: Dataset, kind: ImageKind | None) -> None:
    assert kind_of(dataset) is kind
