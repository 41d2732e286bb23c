from __future__ import annotations

from pathlib import Path

import h5py
import nibabel as nib
import numpy as np
import pytest

from recon.errors import InvalidRequest
from recon.preservation.subject import shown
from recon.training.mr.preserve import made_up, of_kspace, of_volume


def test_a_sites_own_scan_is_measured_as_it_is(tmp_path: Path) -> None:
    subject = made_up(96)
    measured = subject.scanned(subject.image, np.random.default_rng(0))
    with h5py.File(tmp_path / "scan.h5", "w") as file:
        file["kspace"] = np.stack([measured, measured])
    (found,) = of_kspace(tmp_path / "scan.h5", 1)
    np.testing.assert_allclose(found.kspace(found.image), measured, atol=1e-4)
    assert 0.9 < found.noise_std / subject.noise_std < 2  # so sharp a head reaches to the edge of k-space
    inside = subject.inside
    np.testing.assert_allclose(
        np.abs(found.image)[inside], shown(measured)[inside], rtol=0.1, atol=3 * subject.noise_std
    )


def test_under_sampled_k_space_is_no_truth(tmp_path: Path) -> None:
    subject = made_up(96)
    kspace = subject.kspace(subject.image)
    kspace[..., ::2] = 0
    with h5py.File(tmp_path / "scan.h5", "w") as file:
        file["kspace"] = kspace[None]
    with pytest.raises(InvalidRequest, match="slice 1 is under-sampled"):
        of_kspace(tmp_path / "scan.h5", 1)


def test_slices_of_a_volume_lie_apart(tmp_path: Path) -> None:
    values = np.zeros((64, 72, 30), np.float32)
    values[16:48, 16:56] = np.arange(1, 31)
    nib.save(nib.Nifti1Image(values, np.eye(4)), tmp_path / "head.nii.gz")
    subjects = of_volume(tmp_path / "head.nii.gz", 3, 4, 0.01, 0)
    assert [subject.image.shape for subject in subjects] == [(72, 64)] * 3
    levels = [float(np.abs(subject.image).max()) for subject in subjects]
    assert np.diff(levels) == pytest.approx([np.diff(levels)[0]] * 2, rel=1e-3)
    assert np.diff(levels)[0] > 0.1  # five slices of thirty
