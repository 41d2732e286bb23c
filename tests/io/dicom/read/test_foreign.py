"""What lies beside slices and is none says what it is."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, RTDoseStorage

from recon.io.dicom.read.foreign import SIMULATED, image_type, require_image
from recon.io.dicom.read.kinds import CT, MR
from recon.io.dicom.read.skipped import Kind, Refused


def ct(**changes: object) -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID, dataset.Modality = CTImageStorage, "CT"
    dataset.ImageType, dataset.PhotometricInterpretation = ["ORIGINAL", "PRIMARY", "AXIAL"], "MONOCHROME2"
    for name, value in changes.items():
        setattr(dataset, name, value)
    return dataset


def own(*kind: str) -> Dataset:
    equipment = Dataset()
    equipment.Manufacturer = "recon"
    return ct(ImageType=list(kind), ContributingEquipmentSequence=[equipment])


def test_a_slice_is_one() -> None:
    require_image(ct(), CT)
    require_image(ct(SamplesPerPixel=1), CT)
    require_image(own("DERIVED", "PRIMARY", "AXIAL", SIMULATED), CT)


@pytest.mark.parametrize(
    ("dataset", "words"),
    [
        (ct(SOPClassUID=RTDoseStorage), "not a CT image .CT, RT Dose"),
        (ct(Modality="PT"), "modality is PT"),
        (ct(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]), "a localizer"),
        (ct(ImageType=["ORIGINAL", "PRIMARY", "CT_SOM5 TOP"]), "a localizer"),
        (ct(ImageType=["DERIVED", "SECONDARY", "SCREEN SAVE"]), "a screenshot"),
        (ct(ConversionType="WSD"), "a secondary capture"),
        (ct(SamplesPerPixel=3), "a colour picture"),
        (ct(PhotometricInterpretation="RGB"), "a picture, not a slice"),
        (own("DERIVED", "PRIMARY", "AXIAL", "DENOISED"), "written by recon .denoised"),
    ],
)
def test_what_is_none_says_what_it_is(dataset: Dataset, words: str) -> None:
    with pytest.raises(Refused, match=words) as caught:
        require_image(dataset, CT)
    assert caught.value.kind is Kind.OTHER


def test_exchanged_polarity_is_not_supported_where_it_can_not_be_undone() -> None:
    dataset = ct(SOPClassUID="1.2.840.10008.5.1.4.1.1.4", Modality="MR", PhotometricInterpretation="MONOCHROME1")
    with pytest.raises(Refused, match="dark and bright are exchanged") as caught:
        require_image(dataset, MR)
    assert caught.value.kind is Kind.UNSUPPORTED


def test_kinds_of_images_are_read_in_capitals() -> None:
    assert image_type(ct(ImageType=["original", " Primary "])) == ["ORIGINAL", "PRIMARY"]
    assert image_type(Dataset()) == [""]
