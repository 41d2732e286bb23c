"""HDF5 from anybody is opened with care."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from recon.errors import UnreadableInput
from recon.io.kspace.read import read_mr


def test_a_link_out_of_the_file_is_refused(tmp_path) -> None:
    with h5py.File(tmp_path / "secret.h5", "w") as other:
        other["kspace"] = np.ones((1, 2, 64, 64), np.complex64)
    path = tmp_path / "link.h5"
    with h5py.File(path, "w") as file:
        file["kspace"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "kspace")
    with pytest.raises(UnreadableInput, match="link out of the file"):
        read_mr(path)


def test_a_link_through_another_link_is_refused(tmp_path) -> None:
    with h5py.File(tmp_path / "secret.h5", "w") as other:
        other["kspace"] = np.ones((1, 2, 64, 64), np.complex64)
    path = tmp_path / "link.h5"
    with h5py.File(path, "w") as file:
        file["away"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "/")
        file["kspace"] = h5py.SoftLink("/away/kspace")
    with pytest.raises(UnreadableInput, match="link out of the file"):
        read_mr(path)


def test_virtual_and_external_storage_are_refused(tmp_path) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["k"] = np.ones((1, 2, 64, 64), np.complex64)
    layout = h5py.VirtualLayout((1, 2, 64, 64), np.complex64)
    layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "k", (1, 2, 64, 64))
    with h5py.File(tmp_path / "virtual.h5", "w") as file:
        file.create_virtual_dataset("kspace", layout)
    with h5py.File(tmp_path / "external.h5", "w") as file:
        file.create_dataset("kspace", (1, 2, 64, 64), np.complex64, external=[("/etc/hostname", 0, 65536)])
    for name in ("virtual.h5", "external.h5"):
        with pytest.raises(UnreadableInput, match="other files"):
            read_mr(tmp_path / name)


def test_a_huge_dataset_that_was_never_written_is_refused(tmp_path) -> None:
    path = tmp_path / "bomb.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("kspace", (4000, 32, 512, 512), np.complex64, chunks=(1, 1, 512, 512), compression="gzip")
    with pytest.raises(UnreadableInput, match="too large for what it holds"):
        read_mr(path)
