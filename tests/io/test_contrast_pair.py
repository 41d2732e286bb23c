"""Two scans from files, and derived slices that claim no dose."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid

from recon.errors import UnreadableInput
from recon.io.contrast_pair import read_pair, read_scan
from recon.io.dicom.write.synthesised import synthesised_series, uncertainty_series, write_synthesised_slice

VALUES = np.random.default_rng(0).integers(0, 900, (7, 12, 10)).astype(np.uint16)


def write_series(folder: Path, values: np.ndarray = VALUES, patient: str = "P1", skip: int | None = None) -> Path:
    """A sagittal MR series, files in no order."""
    folder.mkdir(parents=True)
    series, study = generate_uid(), generate_uid()
    for index in np.random.default_rng(1).permutation(len(values)):
        if index == skip:
            continue
        dataset = Dataset()
        dataset.SOPClassUID, dataset.SOPInstanceUID = MRImageStorage, generate_uid()
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, series
        dataset.PatientID, dataset.PatientName, dataset.Modality = patient, "Test", "MR"
        dataset.SeriesDescription, dataset.SeriesNumber, dataset.InstanceNumber = "T1 sag", 4, int(index) + 1
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "M"]
        dataset.RepetitionTime, dataset.EchoTime, dataset.FlipAngle = 8.0, 3.0, 15.0
        dataset.ContrastBolusAgent, dataset.ContrastBolusTotalDose = "gadobutrol", 7.5
        dataset.ImagePositionPatient = [float(-30 + 1.2 * index), -100.0, 80.0]
        dataset.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
        dataset.PixelSpacing, dataset.SliceThickness = [0.9, 1.1], 1.2
        dataset.Rows, dataset.Columns = values.shape[1:]
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.BitsAllocated = dataset.BitsStored = 16
        dataset.HighBit, dataset.PixelRepresentation = 15, 0
        dataset.RescaleSlope, dataset.RescaleIntercept = 2.0, 1.0
        dataset.PixelData = values[index].astype("<u2").tobytes()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.file_meta.MediaStorageSOPClassUID = MRImageStorage
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.save_as(folder / f"{index:03d}_{generate_uid()[-6:]}.dcm", enforce_file_format=True)
    return folder


def test_a_dicom_series_is_sorted_by_place_and_rescaled(tmp_path: Path) -> None:
    scan = read_scan(write_series(tmp_path / "a"))
    ordered = scan.volume.values if scan.volume.geometry.affine[0, 2] > 0 else scan.volume.values[::-1]
    np.testing.assert_array_equal(ordered, VALUES * 2.0 + 1.0)
    assert scan.volume.geometry.spacing == pytest.approx((1.1, 0.9, 1.2))
    assert len(scan.files) == 7
    first = scan.volume.geometry.affine @ [0, 0, 0, 1]
    assert list(first[:3]) == pytest.approx([float(v) for v in pydicom.dcmread(scan.files[0]).ImagePositionPatient])


@pytest.mark.parametrize("skip", [1, 3, 5])
def test_a_missing_slice_is_named(tmp_path: Path, skip: int) -> None:
    with pytest.raises(UnreadableInput, match="missing or doubled"):
        read_scan(write_series(tmp_path / "a", skip=skip))


def test_two_patients_two_series_one_file_and_rubbish_are_refused(tmp_path: Path) -> None:
    one, other = write_series(tmp_path / "a"), write_series(tmp_path / "b", patient="P2")
    with pytest.raises(UnreadableInput, match="another patient"):
        read_pair(one, other)
    with pytest.raises(UnreadableInput, match="two scans are needed"):
        read_pair(one, one)
    write_series(tmp_path / "c" / "d")
    write_series(tmp_path / "c" / "e")
    with pytest.raises(UnreadableInput, match="2 MR series"):
        read_scan(tmp_path / "c")
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "x.dcm").write_bytes(b"no DICOM at all")
    with pytest.raises(UnreadableInput, match="holds no MR series"):
        read_scan(tmp_path / "f")


def test_a_nifti_pair_keeps_its_geometry(tmp_path: Path) -> None:
    affine = np.array([[0, 0, 1.2, -30], [-0.9, 0, 0, 50], [0, 1.1, 0, -20], [0, 0, 0, 1.0]])
    for name in ("pre", "low"):
        nib.save(nib.Nifti1Image(VALUES.astype(np.int16), affine), tmp_path / f"{name}.nii.gz")
    pair = read_pair(tmp_path / "pre.nii.gz", tmp_path / "low.nii.gz")
    assert pair.pre.nifti is not None
    assert sorted(pair.pre.volume.geometry.spacing) == pytest.approx([0.9, 1.1, 1.2])


def test_a_synthesised_slice_says_that_it_is_one_and_claims_no_dose(tmp_path: Path) -> None:
    pre, low = read_scan(write_series(tmp_path / "a")), read_scan(write_series(tmp_path / "b"))
    values = pre.volume.values[3] * 1.5
    series = synthesised_series("contrast_enhance 1 (abc)", 0.1, 3000.0)
    write_synthesised_slice(values, pre.files[3], low.files[3], series, 4, tmp_path / "out.dcm")
    made, source = pydicom.dcmread(tmp_path / "out.dcm"), pydicom.dcmread(pre.files[3])
    assert list(made.ImageType) == ["DERIVED", "SECONDARY", "OTHER", "SYNTHESISED"]
    assert "SYNTHESISED" in made.SeriesDescription
    assert "No full dose was given" in made.DerivationDescription
    assert not [name for name in made.dir() if name.startswith("Contrast")]
    assert made.PatientID == source.PatientID
    assert made.StudyInstanceUID == source.StudyInstanceUID
    assert made.SeriesInstanceUID != source.SeriesInstanceUID
    assert made.ImagePositionPatient == source.ImagePositionPatient
    references = [item.ReferencedSOPInstanceUID for item in made.SourceImageSequence]
    assert references == [source.SOPInstanceUID, pydicom.dcmread(low.files[3]).SOPInstanceUID]
    assert made.ContributingEquipmentSequence[-1].Manufacturer == "recon"
    shown = made.pixel_array * float(made.RescaleSlope) + float(made.RescaleIntercept)
    np.testing.assert_allclose(shown, values, atol=0.51 * float(made.RescaleSlope))
    with pytest.raises(UnreadableInput, match="own results"):
        read_scan(tmp_path / "out.dcm")
    write_synthesised_slice(values, pre.files[3], None, uncertainty_series("m", 100.0), 4, tmp_path / "u.dcm")
    assert pydicom.dcmread(tmp_path / "u.dcm").ImageType[3] == "UNCERTAINTY"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 1500), flip=st.integers(0, 255))
def test_damaged_files_give_one_line(tmp_path: Path, cut: int, flip: int) -> None:
    folder = tmp_path / f"{cut}_{flip}"
    if folder.exists():
        return
    scan = write_series(folder)
    file = sorted(scan.iterdir())[2]
    raw = bytearray(file.read_bytes())
    raw[cut % len(raw)] = flip
    file.write_bytes(bytes(raw[: max(200, len(raw) - cut)]))
    problem = ""
    try:
        read_scan(folder)
    except UnreadableInput as error:
        problem = error.problem
    assert "\n" not in problem
