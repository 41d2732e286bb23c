"""Volumes lie as radiologists look at them."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from recon.doors.view.frames import small_volume
from recon.doors.view.nifti_stack import NiftiStack


@pytest.mark.parametrize("order", ["LPS", "RAS", "LAI", "SRA", "PSR"])
@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_a_volume_is_shown_as_radiologists_look_whatever_its_axes(tmp_path: Path, order: str, ending: str) -> None:
    plain = np.zeros((20, 30, 10), np.int16)  # right to left, front to back, feet to head
    plain[2:5, 3:6, 7] = 1000  # right, front
    affine = np.diag([-2.0, -1.5, 4.0, 1.0])
    image = nib.Nifti1Image(plain, affine)
    turn = nib.orientations.ornt_transform(nib.io_orientation(affine), nib.orientations.axcodes2ornt(tuple(order)))
    image.as_reoriented(turn).to_filename(tmp_path / f"volume{ending}")
    stack = NiftiStack(tmp_path / f"volume{ending}", 10)
    assert stack.shape == (10, 30, 20)
    assert stack.layout.edges == ("R", "L", "A", "P")
    lit = [index for index in range(10) if np.max(stack.read(index)) > 0]  # type: ignore[arg-type]
    expected = 2 if order in ("LAI",) else 7
    assert lit == [expected]
    rows, columns = np.nonzero(stack.read(expected))  # type: ignore[arg-type]
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (3, 5, 2, 4)
    stack.close()


def test_the_small_volume_keeps_the_place(tmp_path: Path) -> None:
    plain = np.zeros((60, 60, 8), np.float32)
    plain[30:34, 12:16, 4] = 100
    affine = np.diag([-2.0, -2.0, 4.0, 1.0])
    affine[:3, 3] = 10, 20, 30
    nib.Nifti1Image(plain, affine).to_filename(tmp_path / "v.nii")
    (tmp_path / "small.nii.gz").write_bytes(small_volume(NiftiStack(tmp_path / "v.nii"), 30))
    small = nib.load(tmp_path / "small.nii.gz")
    assert small.shape == (30, 30, 8)
    values = small.get_fdata()
    centre = small.affine @ [*(np.argwhere(values > 50).mean(0)), 1]
    expected = affine @ [31.5, 13.5, 4, 1]
    np.testing.assert_allclose(centre, expected, atol=1e-3)
