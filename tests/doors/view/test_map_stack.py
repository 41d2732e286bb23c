"""A map of some slices lies in the grid of the image."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recon.doors.view.case import read_case
from recon.doors.view.images import CaseImages
from recon.io.dicom import SurvivalMap, find_files, scan
from tests.doors.view.samples import ct_dicom


def test_a_map_of_some_slices_lies_beside_the_image(tmp_path: Path) -> None:
    folder = ct_dicom(tmp_path / "results", "a", slices=4)
    (series,) = scan(find_files([tmp_path / "source_a"])).series
    made = SurvivalMap("ct_denoise:3 sha256:ab", folder / "survival.dcm", "CT")
    kept = np.full((96, 96), np.nan, np.float32)
    kept[40, 30] = 0.48
    made.put(kept, series.records[2].source, 2)
    made.close()
    images = CaseImages(read_case(folder))
    assert images.read("survival", 1) is None
    np.testing.assert_array_equal(images.read("survival", 2), kept)
    (folder / "survival.dcm").write_bytes(b"no map")
    assert "survival" not in CaseImages(read_case(folder)).planes
