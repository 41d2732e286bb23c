"""What did not come is no air."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np

from recon.io.nifti import read_nifti
from recon.quality.verdict import Verdict
from recon.tasks.ct.outputs import NiftiSink
from recon.values.result import ImageSlice


def result(index: int, value: float, **extra: np.ndarray) -> ImageSlice:
    plane = np.full((8, 10), value, np.float32)
    return ImageSlice(index, plane, plane / 10, Verdict.PASS, [], extra)


def test_slices_without_a_result_are_no_number(tmp_path: Path) -> None:
    path = tmp_path / "ct.nii"
    nib.save(nib.Nifti1Image(np.zeros((10, 8, 3), np.int16), np.diag([1.0, 1.0, 3.0, 1.0])), path)
    sink = NiftiSink(read_nifti(path), tmp_path)
    sink.put(result(0, 40.0))
    sink.put(result(2, 60.0, SURVIVAL=np.full((8, 10), 0.5, np.float32)))
    sink.close()
    image, width, kept = (
        nib.load(tmp_path / f"{name}.nii.gz").get_fdata() for name in ("image", "uncertainty", "survival")
    )
    assert image.shape == width.shape == kept.shape == (10, 8, 3)
    np.testing.assert_allclose(image[..., 0], 40.0)
    np.testing.assert_allclose(width[..., 2], 6.0, rtol=1e-3)
    assert np.isnan(image[..., 1]).all()
    assert np.isnan(width[..., 1]).all()
    assert np.isnan(kept[..., :2]).all()
    np.testing.assert_allclose(kept[..., 2], 0.5, rtol=1e-3)


def test_without_a_map_none_is_written(tmp_path: Path) -> None:
    path = tmp_path / "ct.nii"
    nib.save(nib.Nifti1Image(np.zeros((10, 8, 1), np.int16), np.eye(4)), path)
    sink = NiftiSink(read_nifti(path), tmp_path)
    sink.put(result(0, 40.0))
    sink.close()
    assert {found.name for found in tmp_path.glob("*.gz")} == {"image.nii.gz", "uncertainty.nii.gz"}
