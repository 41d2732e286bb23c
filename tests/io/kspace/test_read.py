"""A file of k-space of either format, or why it is none."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from recon.errors import UnreadableInput
from recon.io.kspace.read import read_mr


def test_truncated_empty_missing_and_other_files(tmp_path) -> None:
    whole = tmp_path / "whole.h5"
    with h5py.File(whole, "w") as file:
        file["kspace"] = np.ones((2, 2, 64, 64), np.complex64)
    (tmp_path / "cut.h5").write_bytes(whole.read_bytes()[:30000])
    (tmp_path / "empty.h5").touch()
    (tmp_path / "text.h5").write_text("k-space")
    for name, words in (
        ("cut.h5", "truncated"),
        ("empty.h5", "empty"),
        ("text.h5", "not an HDF5"),
        ("none.h5", "no such file"),
    ):
        with pytest.raises(UnreadableInput, match=words):
            read_mr(tmp_path / name)
    with pytest.raises(UnreadableInput, match="a folder"):
        read_mr(tmp_path)


def test_a_file_without_kspace_names_what_it_holds(tmp_path) -> None:
    with h5py.File(tmp_path / "images.h5", "w") as file:
        file["reconstruction_rss"] = np.ones(3)
    with pytest.raises(UnreadableInput, match="reconstruction_rss"):
        read_mr(tmp_path / "images.h5")
