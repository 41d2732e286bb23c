"""Volumes in HU are told from MR, from differences of scans and from phases by their values."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from recon.errors import UnreadableInput
from recon.tasks.archive import ArchivedScan
from recon.tasks.ct.archive import claim, why_no_hu
from recon.values.content import Content
from tests.conftest import body, head


def test_a_body_in_hu_can_be_one() -> None:
    assert why_no_hu(body(96, 20)) == ""


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (1000 * head((96, 96)), "its values start at"),
        (np.random.default_rng(0).normal(0, 120, 10_000), "without the air"),
        (np.random.default_rng(0).uniform(-4096, 4096, 10_000), "a phase or a difference"),
        (np.full(100, np.nan), "its values start at 0"),
    ],
)
def test_what_is_none_is_told_why(values: np.ndarray, words: str) -> None:
    assert words in why_no_hu(values.astype(np.float32))


def volume(path: Path, values: np.ndarray) -> ArchivedScan:
    nib.save(nib.Nifti1Image(np.repeat(values[:, :, None], 4, 2).astype(np.float32), np.eye(4)), path)
    return ArchivedScan(path, Content.VOLUME)


def test_ct_series_are_taken_and_k_space_is_not_for_it(tmp_path: Path) -> None:
    assert claim(ArchivedScan(tmp_path, Content.CT, "CT Image Storage")).reason == "CT slices (CT Image Storage)"
    refused = claim(ArchivedScan(tmp_path, Content.KSPACE))
    assert (refused.taken, refused.reason) == (False, "")


def test_volumes_are_taken_by_their_values(tmp_path: Path) -> None:
    assert claim(volume(tmp_path / "ct.nii", body(48, 20))).taken
    mr = claim(volume(tmp_path / "mr.nii", 1000 * head((48, 48))))
    assert not mr.taken
    assert "an MR volume needs its pair" in mr.reason


def test_a_damaged_volume_is_unreadable(tmp_path: Path) -> None:
    scan = volume(tmp_path / "ct.nii.gz", body(48, 20))
    scan.path.write_bytes(scan.path.read_bytes()[:500])
    with pytest.raises(UnreadableInput):
        claim(scan)
