"""Slices are read as they were written, turned for the eye, and damage is one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recon.doors.view.case import read_case
from recon.doors.view.images import AFTER, BEFORE, HALF_WIDTH, CaseImages
from recon.errors import UnreadableInput
from recon.io.dicom import SurvivalMap, find_files, scan
from tests.conftest import read_hu
from tests.doors.view.samples import broken, contrast_nifti, ct_dicom


def test_dicom_results_lie_beside_their_originals(tmp_path: Path) -> None:
    folder = ct_dicom(tmp_path / "results", "abdomen", slices=5, without=(1,))
    images = CaseImages(read_case(folder))
    assert images.shape == (5, 96, 96)
    assert images.layout.edges == ("R", "L", "A", "P")
    assert images.layout.spacing == pytest.approx((3.0, 0.8, 0.8))
    after, before = images.read(AFTER, 3), images.read(BEFORE, 3)
    assert after is not None
    assert before is not None
    np.testing.assert_allclose(after, read_hu(folder / "image" / "0004.dcm"), atol=1e-3)
    original = tmp_path / "source_abdomen" / "0003.dcm"
    np.testing.assert_allclose(before, read_hu(original), atol=1e-3)
    assert images.read(AFTER, 1) is None
    assert images.first == 3


def test_the_widest_interval_is_found(tmp_path: Path) -> None:
    folder = ct_dicom(tmp_path / "results", "abdomen", widest=2, failing={"noise_level": [3]})
    profile = CaseImages(read_case(folder)).profile()
    assert profile["widest"] == {"index": 2, "row": 39, "column": 29, "value": pytest.approx(70, abs=0.1)}
    assert profile["worst"] == 3  # where a check failed, though another slice is less certain
    assert len(profile["half_width"]) == 6


def test_without_failed_slices_the_least_certain_is_the_worst(tmp_path: Path) -> None:
    folder = ct_dicom(tmp_path / "results", "abdomen", widest=4)
    assert CaseImages(read_case(folder)).profile()["worst"] == 4


def test_originals_that_are_gone_are_told(tmp_path: Path) -> None:
    folder = ct_dicom(tmp_path / "results", "abdomen", slices=2)
    (tmp_path / "source_abdomen").rename(tmp_path / "elsewhere")
    images = CaseImages(read_case(folder))
    assert BEFORE not in images.planes
    assert "no longer there" in images.missing[BEFORE]


def test_nifti_results_of_a_pair(tmp_path: Path) -> None:
    folder = contrast_nifti(tmp_path / "results", "glioma")
    images = CaseImages(read_case(folder))
    assert set(images.planes) == set(images.titles)
    assert images.titles == {
        AFTER: "after",
        HALF_WIDTH: "half-width of the interval",
        "detectability": "smallest enhancement to be seen",
        "survival": "contrast that a known lesion keeps",
        BEFORE: "reduced dose",
    }
    after, before = images.read(AFTER, 2), images.read(BEFORE, 2)
    assert after is not None
    assert before is not None
    assert np.corrcoef(after.ravel(), before.ravel())[0, 1] > 0.98
    assert images.display.windows[0].high > images.display.windows[0].low


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


def test_damage_is_one_line(tmp_path: Path) -> None:
    cut, volume, empty, odd = broken(tmp_path / "results")
    assert read_case(cut).verdict == "UNREADABLE"
    assert "damaged" in read_case(cut).trouble
    assert read_case(odd).verdict == "UNREADABLE"
    images = CaseImages(read_case(volume))
    with pytest.raises(UnreadableInput, match="damaged") as found:
        images.read(AFTER, 4)
    assert "\n" not in found.value.problem
    with pytest.raises(UnreadableInput, match="holds no image"):
        CaseImages(read_case(empty))
