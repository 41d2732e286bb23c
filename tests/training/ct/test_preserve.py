from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from recon.errors import InvalidRequest
from recon.preservation.trial import Pair
from recon.training.ct import preserve

AIR = Pair("air", *[np.full((128, 128), -1000.0, np.float32)] * 2, 0.7)


def test_the_picture_shows_the_lesions_with_and_without_the_scan(tmp_path: Path) -> None:
    (pair,) = preserve.made_up()
    preserve.picture([AIR, pair], lambda stack: (stack, None), tmp_path / "probes.png")
    page = np.asarray(Image.open(tmp_path / "probes.png").convert("RGB"), np.float64)
    _, _, alone, shown = np.array_split(page[60:-60, : 4 * page.shape[1] * 15 // 64], 4, axis=1)
    coloured = [(part.max(axis=2) - part.min(axis=2) > 60).mean() for part in (alone, shown)]
    assert 0.001 < coloured[0] < 0.2
    assert coloured[1] == pytest.approx(coloured[0], rel=0.1)  # a method that changes nothing keeps all of them


def test_scans_without_soft_tissue_have_no_picture(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="no soft tissue for a known lesion in air, air"):
        preserve.picture([AIR, AIR], lambda stack: (stack, None), tmp_path / "probes.png")


def _scan(path: Path, pixel_mm: float, slice_mm: float = 3.0) -> Path:
    nib.save(nib.Nifti1Image(np.zeros((32, 32, 4), np.float32), np.diag([pixel_mm, pixel_mm, slice_mm, 1])), path)
    return path


def test_scans_with_pixels_of_another_size_are_for_another_run(tmp_path: Path) -> None:
    """Lines of noise a centimetre, and what lies inside of a vessel, are counted in the first scan's pixels."""
    one, alike, other = (_scan(tmp_path / f"{mm}.nii.gz", mm) for mm in (0.7, 0.703, 0.72))
    assert len(preserve.pairs_of([one, alike], [one, alike])) == 8
    with pytest.raises(
        InvalidRequest, match=r"0\.72\.nii\.gz has voxels of 0\.72 mm, .*0\.7\.nii\.gz of 0\.7 mm; .*own"
    ):
        preserve.pairs_of([one, other], [one, other])


def test_two_doses_of_other_voxels_are_no_pair(tmp_path: Path) -> None:
    low, full = (_scan(tmp_path / f"{mm}.nii.gz", 0.7, mm) for mm in (3.0, 1.5))
    with pytest.raises(InvalidRequest, match=r"1\.5\.nii\.gz has voxels of 0\.7 x 0\.7 x 1\.5 mm, .*3\.0\.nii\.gz of"):
        preserve.pairs_of([low], [full])
