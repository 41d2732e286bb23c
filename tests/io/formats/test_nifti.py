"""NIfTI files are known by their names, and each is a scan."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from recon.errors import UnreadableInput
from recon.io.formats import nifti
from recon.io.formats.format import Content, LeftOut, OpenedVolume


@pytest.mark.parametrize(
    ("name", "start", "known"),
    [
        ("a.nii", b"", True),
        ("a.nii.gz", b"\x1f\x8b", True),
        ("a.nii", b"\x89HDF\r\n\x1a\n", False),
        ("a.nii", bytes(128) + b"DICM", False),
        ("a.dcm", b"", False),
    ],
)
def test_the_name_tells_unless_the_bytes_tell_another(name: str, start: bytes, known: bool) -> None:
    assert nifti.recognise(Path(name), start) is known


def test_a_volume_is_a_scan_that_is_read_when_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "head.nii.gz"
    nib.save(nib.Nifti1Image(np.zeros((4, 5, 6), np.int16), np.eye(4)), path)
    look = nifti.look(path)
    assert (look.content, look.name, look.study) == (Content.VOLUME, "head", f"nifti:{tmp_path}")
    (opened,) = nifti.open([path], {Content.VOLUME})
    assert isinstance(opened, OpenedVolume)
    assert opened.read().volume.shape == (6, 5, 4)
    (left,) = nifti.open([path], {Content.KSPACE})
    assert left == LeftOut(str(path), "a NIfTI volume")


def test_a_file_that_is_not_there_can_not_be_looked_at(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput):
        nifti.look(tmp_path / "gone.nii")
