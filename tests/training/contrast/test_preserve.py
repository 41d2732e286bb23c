from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from recon.errors import InvalidRequest
from recon.preservation.uptake import scans_of
from recon.training.contrast.preserve import classical, made_up, pairs_of


def test_the_classical_methods_take_the_strength_that_suits_the_truth() -> None:
    pair = made_up()
    methods = classical(pair, 0.01, 0.1, non_local=False)
    scans = scans_of(pair, 0.0, 0.01, 0.1, 99)
    truth = pair.pre + pair.enhancement
    found, _ = methods["smoothed"](scans.pre, scans.low)
    difference = (scans.low - scans.pre) / np.float32(0.1)
    for sigma in (0.3, 8.0):
        other = scans.pre + gaussian_filter(difference, (0.6 * sigma, sigma, sigma))
        assert np.square(found - truth).mean() < np.square(other - truth).mean()


def _saved(folder: Path, name: str, larger: float = 1.0) -> Path:
    pair = made_up()
    volume = pair.pre if name == "pre" else pair.pre + pair.enhancement
    depth, row, column = pair.spacing_mm
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.nii.gz"
    nib.save(nib.Nifti1Image(1000 * volume.T, np.diag([column, row, depth * larger, 1])), path)
    return path


def test_a_pair_is_read_as_its_middle_slices(tmp_path: Path) -> None:
    pair = made_up()
    _saved(tmp_path, "pre"), _saved(tmp_path, "full")
    (found,) = pairs_of([tmp_path / "pre.nii.gz"], [tmp_path / "full.nii.gz"], "equal", 20)
    assert len(found.pre) == 20
    assert found.spacing_mm == pytest.approx(pair.spacing_mm)
    assert np.percentile(found.pre[found.inside], 99) == pytest.approx(1, abs=0.1)
    assert found.enhancement.max() > 0.3
    with pytest.raises(InvalidRequest, match="no such file"):
        pairs_of([tmp_path / "pre.nii.gz"], [tmp_path / "none.nii.gz"], "equal", 20)
    with pytest.raises(InvalidRequest, match="1 --pre and 0 --full"):
        pairs_of([tmp_path / "pre.nii.gz"], [], "equal", 20)


def test_heads_with_voxels_of_another_size_are_for_another_run(tmp_path: Path) -> None:
    """Balls and what is around them are cut out in the first head's voxels."""
    (pre, full), (thick_pre, thick_full) = (
        [_saved(tmp_path / f"{larger}", name, larger) for name in ("pre", "full")] for larger in (1.0, 1.05)
    )
    with pytest.raises(
        InvalidRequest, match=r"1\.05/pre\.nii\.gz has voxels of 2\.1 x .* of 2 x 1\.2 x 1\.2 mm; .*own"
    ):
        pairs_of([pre, thick_pre], [full, thick_full], "equal", 20)
    with pytest.raises(InvalidRequest, match=r"1\.05/full\.nii\.gz has voxels of .* x 2\.1 mm, .*; resample"):
        pairs_of([pre], [thick_full], "equal", 20)
