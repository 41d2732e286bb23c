"""Reconstructed volumes are read by others as they were written."""

from __future__ import annotations

from pathlib import Path

import h5py
import nibabel as nib
import numpy as np
import pytest

from recon.io.kspace.results import write_hdf5, write_volume
from recon.volumes import Geometry

VALUES = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
GEOMETRY = Geometry(np.array([[0.7, 0, 0, -10], [0, 0.8, 0, 5], [0, 0, 3.0, 7], [0, 0, 0, 1]]))


@pytest.mark.parametrize("phase", [None, VALUES / 24])
def test_hdf5_says_what_it_holds(tmp_path: Path, phase: np.ndarray | None) -> None:
    write_hdf5(VALUES, VALUES + 1, GEOMETRY, tmp_path / "a.h5", phase)
    with h5py.File(tmp_path / "a.h5") as file:
        assert set(file) == {"reconstruction", "uncertainty"} | ({"phase"} if phase is not None else set())
        np.testing.assert_array_equal(file["reconstruction"][()], VALUES)
        np.testing.assert_array_equal(file.attrs["affine_lps_mm"], GEOMETRY.affine)
        assert file.attrs["axes"] == "slice, y, x"


def test_a_voxel_of_nifti_lies_where_it_lies_in_the_patient(tmp_path: Path) -> None:
    write_volume(VALUES, GEOMETRY, tmp_path / "a.nii.gz")
    read = nib.load(tmp_path / "a.nii.gz")
    assert read.get_fdata()[3, 2, 1] == VALUES[1, 2, 3]
    lps = GEOMETRY.affine @ [3, 2, 1, 1]
    np.testing.assert_allclose(read.affine @ [3, 2, 1, 1], (-lps[0], -lps[1], lps[2], 1), atol=1e-6)
    assert [path.name for path in tmp_path.iterdir()] == ["a.nii.gz"]  # nothing temporary is left
