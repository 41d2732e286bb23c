from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK

from recon.io.dicom import denoised_series, find_files, read_series, uncertainty_series, write_slice
from recon.io.dicom.write.derive import strength_in
from tests.conftest import read_hu

MakeSlice = Callable[..., Path]


def _write(path: Path, target: Path, change: float = 0.0) -> pydicom.Dataset:
    (series,), _ = read_series([path])
    derived = denoised_series("ct_denoise:1 sha256:abc", 1.0)
    write_slice(series.volume.values[0] + np.float32(change), series.sources[0], derived, 1, target)
    return pydicom.dcmread(target)


def test_untouched_pixels_stay_bit_for_bit(real_ct: Path, tmp_path: Path) -> None:
    _write(real_ct, tmp_path / "out.dcm")
    np.testing.assert_array_equal(read_hu(tmp_path / "out.dcm"), read_hu(real_ct))


def test_patient_study_and_geometry_are_kept_and_identity_is_new(real_ct: Path, tmp_path: Path) -> None:
    source, made = pydicom.dcmread(real_ct), _write(real_ct, tmp_path / "out.dcm", -3.0)
    for name in (
        "PatientName",
        "PatientID",
        "StudyInstanceUID",
        "FrameOfReferenceUID",
        "ImagePositionPatient",
        "ImageOrientationPatient",
        "PixelSpacing",
        "SliceThickness",
        "RescaleSlope",
        "RescaleIntercept",
        "Rows",
    ):
        assert made[name].value == source[name].value, name
    assert made.SOPInstanceUID != source.SOPInstanceUID
    assert made.SeriesInstanceUID != source.SeriesInstanceUID
    assert made.file_meta.MediaStorageSOPInstanceUID == made.SOPInstanceUID


@pytest.mark.parametrize("strength", [1.0, 0.85, 0.5, 1e-05])
def test_the_strength_is_told_again_by_its_words(strength: float) -> None:
    assert strength_in(denoised_series("ct_denoise:1", strength).description) == strength
    assert strength_in(uncertainty_series("ct_denoise:1").description) is None


def test_provenance(real_ct: Path, tmp_path: Path) -> None:
    source, made = pydicom.dcmread(real_ct), _write(real_ct, tmp_path / "out.dcm")
    assert list(made.ImageType) == ["DERIVED", "PRIMARY", "AXIAL", "DENOISED"]
    assert made.SourceImageSequence[0].ReferencedSOPInstanceUID == source.SOPInstanceUID
    assert made.SourceImageSequence[0].PurposeOfReferenceCodeSequence[0].CodeValue == "121322"
    assert made.DerivationCodeSequence[0].CodeValue == "113062"
    assert "ct_denoise:1" in made.DerivationDescription
    assert made.ContributingEquipmentSequence[-1].Manufacturer == "recon"
    assert made.ContributingEquipmentSequence[-1].PurposeOfReferenceCodeSequence[0].CodeValue == "109102"
    assert not [element for element in made if element.tag.is_private]


def test_values_beyond_the_stored_range_are_clipped(make_slice: MakeSlice, tmp_path: Path) -> None:
    _write(make_slice(), tmp_path / "out.dcm", change=9000.0)
    assert read_hu(tmp_path / "out.dcm").max() == 4095 - 1024


def test_uncertainty_has_tenths_of_hu(make_slice: MakeSlice, tmp_path: Path) -> None:
    (series,), _ = read_series([make_slice()])
    values = np.random.default_rng(0).uniform(0, 60, series.volume.values[0].shape).astype(np.float32)
    write_slice(values, series.sources[0], uncertainty_series("m"), 1, tmp_path / "u.dcm")
    np.testing.assert_allclose(read_hu(tmp_path / "u.dcm"), values, atol=0.0501)
    assert list(pydicom.dcmread(tmp_path / "u.dcm").ImageType)[-1] == "UNCERTAINTY"
    assert "written by recon (uncertainty)" in read_series([tmp_path / "u.dcm"])[1][0].reason


def test_another_program_reads_the_series_with_its_geometry(make_slice: MakeSlice, tmp_path: Path) -> None:
    for index in range(4):
        path = make_slice(f"{index}.dcm", z=3.0 * index, seed=index)
    (series,), _ = read_series(find_files([path.parent]))
    derived = denoised_series("m", 1.0)
    out = tmp_path / "derived"
    out.mkdir()
    for index, plane in enumerate(series.volume.values):
        write_slice(plane, series.sources[index], derived, index + 1, out / f"{index}.dcm")
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(out)))
    image = reader.Execute()
    assert image.GetSpacing() == pytest.approx((0.7, 0.8, 3.0))
    assert image.GetOrigin() == pytest.approx((-50.0, -60.0, 0.0))
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(image), series.volume.values)
