"""Which volumes CT takes from an archive, whatever their format."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from recon.errors import UnreadableInput
from recon.io.formats import formats
from recon.tasks.archive import ArchivedScan
from recon.tasks.ct.archive import claim, why_no_hu
from recon.tasks.names import name_of
from recon.values.content import Content


def _volume(path: Path, values: np.ndarray) -> ArchivedScan:
    nib.save(nib.Nifti1Image(values.astype(np.float32), np.eye(4)), path)
    return ArchivedScan(path, Content.VOLUME)


def _hu(shape: tuple[int, ...]) -> np.ndarray:
    """Half of it air."""
    rng = np.random.default_rng(0)
    return np.where(rng.random(shape) < 0.5, rng.normal(-1000, 10, shape), rng.normal(40, 20, shape))


@pytest.mark.parametrize(
    ("values", "taken", "words"),
    [
        (_hu((8, 8, 6)), True, "as HU have it"),
        (_hu((8, 8, 6)) + 1024, False, "they are no HU"),
        (_hu((8, 8)), False, "no slices of numbers"),
        (np.full((8, 8, 6), np.nan), False, "no slices of numbers"),
    ],
)
def test_a_volume_is_taken_by_its_values(values: np.ndarray, taken: bool, words: str, tmp_path: Path) -> None:
    found = claim(_volume(tmp_path / "a.nii.gz", values))
    assert found.taken is taken
    assert words in found.reason


def test_values_that_spread_are_no_hu() -> None:
    assert "a phase or a difference" in why_no_hu(np.linspace(-3000, 3000, 10_000, dtype=np.float32))


def test_endings_of_every_format_are_no_part_of_a_name() -> None:
    for ending in {end for one in formats() for end in getattr(one, "ENDINGS", ())}:
        assert name_of(Path(f"head.2.{ending[1:]}")) == "head.2"
    assert name_of(Path("1.2.840.113619")) == "1.2.840.113619"


def test_a_volume_that_can_not_be_read_is_no_ct(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match=r"gone\.nii"):
        claim(ArchivedScan(tmp_path / "gone.nii", Content.VOLUME))
    (tmp_path / "cut.nii").write_bytes(b"\x5c\x01\x00\x00" + bytes(60))
    with pytest.raises(UnreadableInput):
        claim(ArchivedScan(tmp_path / "cut.nii", Content.VOLUME))
