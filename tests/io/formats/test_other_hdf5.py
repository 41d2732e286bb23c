"""HDF5 without k-space, or damaged."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from recon.io.formats import Content, LeftOut, look_into
from tests.io.formats.files import write_kspace


def test_a_damaged_or_foreign_hdf5_file_is_said_once(tmp_path: Path) -> None:
    path = write_kspace(tmp_path / "a.h5")
    path.write_bytes(path.read_bytes()[:700])
    (left,) = look_into(path, {Content.KSPACE})
    assert isinstance(left, LeftOut)
    assert left.lost
    assert "copy it again" in left.reason
    with h5py.File(tmp_path / "bomb.h5", "w") as file:
        file.create_dataset("kspace", (4096, 16, 512, 512), np.complex64, chunks=(1, 1, 512, 512))
    (bomb,) = look_into(tmp_path / "bomb.h5", {Content.KSPACE})
    assert isinstance(bomb, LeftOut)
    assert "too large for what it holds" in bomb.reason
    (other,) = look_into(write_kspace(tmp_path / "b.h5", "other"), {Content.KSPACE})
    assert isinstance(other, LeftOut)
    assert "holds other" in other.reason
