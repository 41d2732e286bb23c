"""Slices are read as they were written, turned for the eye, and damage is one line."""

from __future__ import annotations

import struct
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from recon.doors.view.case import read_case
from recon.doors.view.frames import MISSING, frame, small_volume
from recon.doors.view.images import AFTER, BEFORE, HALF_WIDTH, CaseImages
from recon.doors.view.nifti_stack import NiftiStack
from recon.errors import UnreadableInput
from recon.io.dicom import SurvivalMap, find_files, scan
from tests.conftest import body, read_hu
from tests.doors.view.samples import broken, contrast_nifti, ct_dicom


def unpacked(data: bytes) -> np.ndarray:
    slope, intercept, rows, columns = struct.unpack_from("<ffII", data)
    steps = np.frombuffer(data, "<i2", offset=16).reshape(rows, columns)
    return np.where(steps == MISSING, np.nan, intercept + slope * steps.astype(np.float64))


def test_a_slice_on_the_wire_is_the_slice_on_disk() -> None:
    image = body(64, 20)
    image[3, 4] = np.nan
    found = unpacked(frame(image))
    assert np.isnan(found[3, 4])
    assert np.nanmax(np.abs(found - image)) < 0.02  # HU
    assert np.array_equal(unpacked(frame(np.full((4, 5), 7, np.float32))), np.full((4, 5), 7))
    assert np.isnan(unpacked(frame(np.full((2, 2), np.nan, np.float32)))).all()


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


@pytest.mark.parametrize("order", ["LPS", "RAS", "LAI", "SRA", "PSR"])
@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_a_volume_is_shown_as_radiologists_look_whatever_its_axes(tmp_path: Path, order: str, ending: str) -> None:
    plain = np.zeros((20, 30, 10), np.int16)  # right to left, front to back, feet to head
    plain[2:5, 3:6, 7] = 1000  # right, front
    affine = np.diag([-2.0, -1.5, 4.0, 1.0])
    image = nib.Nifti1Image(plain, affine)
    turn = nib.orientations.ornt_transform(nib.io_orientation(affine), nib.orientations.axcodes2ornt(tuple(order)))
    image.as_reoriented(turn).to_filename(tmp_path / f"volume{ending}")
    stack = NiftiStack(tmp_path / f"volume{ending}", 10)
    assert stack.shape == (10, 30, 20)
    assert stack.layout.edges == ("R", "L", "A", "P")
    lit = [index for index in range(10) if np.max(stack.read(index)) > 0]  # type: ignore[arg-type]
    expected = 2 if order in ("LAI",) else 7
    assert lit == [expected]
    rows, columns = np.nonzero(stack.read(expected))  # type: ignore[arg-type]
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (3, 5, 2, 4)
    stack.close()


def test_the_small_volume_keeps_the_place(tmp_path: Path) -> None:
    plain = np.zeros((60, 60, 8), np.float32)
    plain[30:34, 12:16, 4] = 100
    affine = np.diag([-2.0, -2.0, 4.0, 1.0])
    affine[:3, 3] = 10, 20, 30
    nib.Nifti1Image(plain, affine).to_filename(tmp_path / "v.nii")
    (tmp_path / "small.nii.gz").write_bytes(small_volume(NiftiStack(tmp_path / "v.nii"), 30))
    small = nib.load(tmp_path / "small.nii.gz")
    assert small.shape == (30, 30, 8)
    values = small.get_fdata()
    centre = small.affine @ [*(np.argwhere(values > 50).mean(0)), 1]
    expected = affine @ [31.5, 13.5, 4, 1]
    np.testing.assert_allclose(centre, expected, atol=1e-3)


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


def test_a_report_without_a_verdict_is_no_good_one(tmp_path: Path) -> None:
    folder = ct_dicom(tmp_path / "results", "abdomen", slices=2)
    (folder / "report.json").write_text('{"software": "recon", "task": "ct"}')
    assert read_case(folder).verdict == "UNJUDGED"
