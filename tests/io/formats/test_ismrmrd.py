"""A scanner's raw data."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from tests.io.formats.files import format_of


def test_a_scanners_file_is_known_whatever_its_group_is_called(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["2024-01-02 12:00/xml"], file["2024-01-02 12:00/data"] = b"<x/>", np.zeros(3)
    assert format_of(tmp_path / "a.h5") == "ISMRMRD"
