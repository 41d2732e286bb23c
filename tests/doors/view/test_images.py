"""Slices are read as they were written, turned for the eye, and damage is one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recon.doors.view.case import read_case
from recon.doors.view.images import AFTER, BEFORE, HALF_WIDTH, CaseImages
from recon.errors import UnreadableInput
from tests.doors.view.samples import broken, contrast_nifti, ct_dicom


def test_the_widest_interval_is_found(tmp_path: Path) -> None:
    folder = ct_dicom(tmp_path / "results", "abdomen", widest=2, failing={"noise_level": [3]})
    profile = CaseImages(read_case(folder)).profile()
    assert profile["widest"] == {"index": 2, "row": 39, "column": 29, "value": pytest.approx(70, abs=0.1)}
    assert profile["worst"] == 3  # where a check failed, though another slice is less certain
    assert len(profile["half_width"]) == 6


def test_without_failed_slices_the_least_certain_is_the_worst(tmp_path: Path) -> None:
    folder = ct_dicom(tmp_path / "results", "abdomen", widest=4)
    assert CaseImages(read_case(folder)).profile()["worst"] == 4


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
