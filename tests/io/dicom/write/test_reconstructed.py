"""MR series that other programs read with the right geometry."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from recon.io.dicom.write.reconstructed import MrDicomSeries, write_mr_slice
from recon.io.mrd.attributes import series_attributes
from recon.volumes import Geometry

ATTRIBUTES = series_attributes(None, "scan.h5")


def test_another_program_reads_values_and_geometry(tmp_path) -> None:
    affine = np.eye(4)
    affine[:3, :3] = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]]) * [0.9, 0.8, 4.0]
    affine[:3, 3] = (-10, 20, 30)
    values = np.random.default_rng(0).random((3, 40, 50)).astype(np.float32) * 7e-5
    series = MrDicomSeries("image", "made", "mr_varnet:1", Geometry(affine), 1, "RECONSTRUCTED", ATTRIBUTES)
    for index, plane in enumerate(values):
        write_mr_slice(plane, series, index, float(values.max()), tmp_path / f"{index}.dcm")
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(tmp_path)))
    image = reader.Execute()
    assert image.GetSpacing() == pytest.approx((0.9, 0.8, 4.0), rel=1e-5)
    assert image.GetOrigin() == pytest.approx((-10, 20, 30))
    direction = np.array(image.GetDirection()).reshape(3, 3)
    np.testing.assert_allclose(direction, affine[:3, :3] / [0.9, 0.8, 4.0], atol=1e-6)
    np.testing.assert_allclose(sitk.GetArrayFromImage(image), values, atol=float(values.max()) / 4000)


def test_the_series_says_what_made_it(tmp_path) -> None:
    geometry = Geometry.from_spacing(1, 1, 1)
    series = MrDicomSeries("image", "made so", "mr_varnet:1", geometry, 1, "RECONSTRUCTED", ATTRIBUTES)
    write_mr_slice(np.ones((8, 8), np.float32), series, 0, 1.0, tmp_path / "a.dcm")
    dataset = pydicom.dcmread(tmp_path / "a.dcm")
    assert dataset.Modality == "MR"
    assert dataset.ImageType[0] == "DERIVED"
    assert dataset.ContributingEquipmentSequence[0].ManufacturerModelName == "mr_varnet:1"
    assert dataset.DerivationDescription == "made so"
