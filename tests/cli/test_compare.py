"""Two result folders in, a statement out: comparable or not, and what has changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pydicom
import pytest
from typer.testing import CliRunner

from recon.cli.main import app
from recon.comparison.files import require_place
from recon.errors import InvalidRequest, OutputFailed
from recon.io.dicom import denoised_series, find_files, scan, uncertainty_series, write_slice
from recon.quality.comparability import record
from tests.doors.view.samples import write_source

MODEL = {"name": "mr_unrolled", "version": "1", "sha256": "ab"}
SAMPLING = {"mask": "a1", "acceleration": 4.0, "first_line": 0}


def _result(
    folder: Path,
    seed: int,
    lesion: float = 0.0,
    *,
    verdict: str = "PASS",
    gain: float = 1.0,
    moved_mm: float = 0.0,
    **known: Any,
) -> Path:
    """A small stack of one brightness with noise, its interval and its report."""
    folder.mkdir()
    z, y, x = np.ogrid[:4, :48, :48]
    image = 100 + lesion * ((x - 30) ** 2 + (y - 20) ** 2 + (3 * (z - 2)) ** 2 <= 16)
    image = image + np.random.default_rng(seed).normal(0, 4, image.shape)
    place = np.diag([1.0, 1, 3, 1])
    place[2, 3] = moved_mm
    for name, values in (("image", image), ("uncertainty", np.full(image.shape, 1.645 * 4))):
        nib.save(
            nib.Nifti1Image(gain * values.transpose(2, 1, 0).astype(np.float32), place),
            folder / f"{name}.nii.gz",
        )
    told = record("mr", MODEL, image.shape, {"spacing_mm": [1.0, 1.0, 3.0], "sampling": SAMPLING, **known})
    (folder / "report.json").write_text(json.dumps({"verdict": verdict, "comparability": told}))
    return folder


def _compare(*arguments: Any) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["compare", *map(str, arguments)])
    return done.exit_code, done.output


def test_a_lesion_that_came_is_marked_with_its_volume(tmp_path: Path) -> None:
    before, after = _result(tmp_path / "a", 1), _result(tmp_path / "b", 2, lesion=40.0)
    code, said = _compare(before, after, "-o", tmp_path / "out")
    assert code == 0, said
    assert "1 change beyond both intervals" in said
    found = json.loads((tmp_path / "out" / "comparison.json").read_text())
    (region,) = found["changes"]["regions"]
    marked = nib.load(tmp_path / "out" / "change.nii.gz").get_fdata()
    assert marked.shape == (48, 48, 4)
    assert region["volume_mm3"] == (marked > 0).sum() * 3
    assert region["mean"] > 15
    assert (tmp_path / "out" / "comparison.png").stat().st_size > 1000


def test_another_mask_is_refused_and_nothing_is_called_a_change(tmp_path: Path) -> None:
    other = {"sampling": {"mask": "b2", "acceleration": 4.0, "first_line": 2}}
    before, after = _result(tmp_path / "a", 1), _result(tmp_path / "b", 2, 40.0, **other)
    code, said = _compare(before, after, "-o", tmp_path / "out")
    assert code == 1
    assert "not comparable: sampling: other lines at the same acceleration (first line 0 and 2)" in said
    assert "nothing is called a change" in said
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"comparison.json"}


def test_another_gain_is_no_change_and_is_said(tmp_path: Path) -> None:
    before, after = _result(tmp_path / "a", 1), _result(tmp_path / "b", 2, gain=1.3)
    code, said = _compare(before, after, "-o", tmp_path / "out")
    assert code == 0, said
    assert "0 changes beyond both intervals" in said
    assert "divided by 1.3, and a change of the whole image is not seen" in said
    changes = json.loads((tmp_path / "out" / "comparison.json").read_text())["changes"]
    assert changes["gain"] == pytest.approx(1.3, rel=0.01)


def test_what_the_later_scan_does_not_show_is_not_called_unchanged(tmp_path: Path) -> None:
    before, after = _result(tmp_path / "a", 1), _result(tmp_path / "b", 2, moved_mm=60)
    code, said = _compare(before, after, "-o", tmp_path / "out")
    assert code == 1
    assert "not comparable: place: the later scan shows 0% of what the earlier one shows" in said
    assert "0 changes" not in said
    code, said = _compare(before, _result(tmp_path / "c", 2, moved_mm=6), "-o", tmp_path / "half")
    assert code == 0
    assert "note: place: the later scan shows 50% of the earlier one; of the rest nothing is known" in said
    assert json.loads((tmp_path / "half" / "comparison.json").read_text())["changes"]["covered"] == 0.5
    difference = nib.load(tmp_path / "half" / "difference.nii.gz").get_fdata()
    assert np.isnan(difference[..., :2]).all()
    assert np.isfinite(difference[..., 2:]).all()


def test_a_rejected_result_shows_no_change_and_a_doubtful_one_is_said(tmp_path: Path) -> None:
    before, doubtful = _result(tmp_path / "a", 1), _result(tmp_path / "b", 2, 40.0, verdict="REVIEW")
    code, said = _compare(before, doubtful, "-o", tmp_path / "out")
    assert code == 0
    assert "note: verdict: the second is REVIEW" in said
    code, said = _compare(_result(tmp_path / "c", 3, verdict="REJECT"), doubtful, "-o", tmp_path / "out")
    assert code == 1
    assert "not comparable: verdict: the first is rejected" in said
    assert "nothing is called a change" in said


def test_a_folder_that_is_no_result_is_named(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["compare", str(tmp_path), str(tmp_path), "-o", str(tmp_path / "out")])
    assert done.exit_code != 0
    assert "no result of recon" in str(done.exception)


def test_nothing_of_an_earlier_comparison_stays(tmp_path: Path) -> None:
    """A folder says one thing: no picture of changes beside the statement that nothing may be called one."""
    before, after = _result(tmp_path / "a", 1), _result(tmp_path / "b", 2, lesion=40.0)
    other = _result(tmp_path / "c", 3, strength=0.5)
    (tmp_path / "out").mkdir()
    for name in ("difference.dcm", "change.dcm", "notes.txt"):
        (tmp_path / "out" / name).touch()
    (tmp_path / "out" / "comparison.json").write_text('{"software": "recon"}')
    assert _compare(before, after, "-o", tmp_path / "out")[0] == 0
    made = {"comparison.json", "comparison.png", "difference.nii.gz", "change.nii.gz", "notes.txt"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == made
    (other / "report.json").write_text((other / "report.json").read_text().replace('"mr_unrolled:1"', '"sense:1"'))
    assert _compare(before, other, "-o", tmp_path / "out")[0] == 1
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"comparison.json", "notes.txt"}


@pytest.mark.parametrize("name", ["comparison.json", "difference.nii.gz", "change.dcm"])
def test_what_is_not_ours_stays(tmp_path: Path, name: str) -> None:
    before, after = _result(tmp_path / "a", 1), _result(tmp_path / "b", 2, strength=0.5)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_text('{"software": "another"}')
    done = CliRunner().invoke(app, ["compare", str(before), str(after), "-o", str(tmp_path / "out")])
    assert isinstance(done.exception, OutputFailed)
    assert f"{name}: is there and is of no comparison of recon" in done.exception.problem
    assert [path.name for path in (tmp_path / "out").iterdir()] == [name]


@pytest.mark.parametrize("place", ["a", "b", "b/../a"])
def test_a_comparison_never_lies_in_one_of_its_results(tmp_path: Path, place: str) -> None:
    before, after = _result(tmp_path / "a", 1), _result(tmp_path / "b", 2)
    there = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    done = CliRunner().invoke(app, ["compare", str(before), str(after), "-o", str(tmp_path / place)])
    assert isinstance(done.exception, InvalidRequest)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*")} == there


def test_a_result_of_a_name_that_would_be_cleared_is_no_place(tmp_path: Path) -> None:
    before, after = _result(tmp_path / "change.dcm", 1), _result(tmp_path / "b", 2)
    with pytest.raises(InvalidRequest, match="can't lie in one of its results"):
        require_place(tmp_path, before, after)


def _dicom(
    parent: Path,
    name: str,
    seed: int,
    lesion: float = 0.0,
    strength: float = 1.0,
    patient_id: str = "T1",
    moved_mm: float = 0.0,
) -> Path:
    """A series as recon writes it, without its report: as it comes back from an archive."""
    source = write_source(parent / f"source_{name}", 4, 64)
    for path in source.iterdir():
        dataset = pydicom.dcmread(path)
        dataset.PatientID = patient_id
        dataset.ImagePositionPatient[2] += moved_mm
        dataset.save_as(path)
    (series,) = scan(find_files([source])).series
    made, doubt = denoised_series("ct_denoise:3 sha256:" + "ab" * 8, strength), uncertainty_series("ct_denoise:3")
    folder = parent / name
    for part in ("image", "uncertainty"):
        (folder / part).mkdir(parents=True)
    rng, (y, x) = np.random.default_rng(seed), np.ogrid[:64, :64]
    for index, one in enumerate(series.records):
        image = 40 + rng.normal(0, 4, (64, 64))
        image += lesion * (((x - 30) ** 2 + (y - 20) ** 2 <= 16) & (2 <= index <= 3))
        write_slice(image, one.source, made, index + 1, folder / "image" / f"{index + 1:04d}.dcm")
        width = np.full((64, 64), 1.645 * 4, np.float32)
        write_slice(width, one.source, doubt, index + 1, folder / "uncertainty" / f"{index + 1:04d}.dcm")
    return folder


def test_dicom_series_are_compared_by_their_headers_and_changes_are_dicom(tmp_path: Path) -> None:
    before, after = _dicom(tmp_path, "a", 1), _dicom(tmp_path, "b", 2, lesion=60.0)
    code, said = _compare(before, after, "-o", tmp_path / "out")
    assert code == 0, said
    (region,) = json.loads((tmp_path / "out" / "comparison.json").read_text())["changes"]["regions"]
    marked = pydicom.dcmread(tmp_path / "out" / "change.dcm")
    assert marked.pixel_array.shape == (4, 64, 64)
    assert (marked.pixel_array > 0).sum() * 0.8 * 0.8 * 3 == pytest.approx(region["volume_mm3"], rel=1e-3)
    assert 25 < region["mean"] < 65  # its blurred edge is part of it
    difference = pydicom.dcmread(tmp_path / "out" / "difference.dcm")
    original = pydicom.dcmread(before / "image" / "0003.dcm")
    assert difference.StudyInstanceUID == original.StudyInstanceUID
    place = difference.PerFrameFunctionalGroupsSequence[2].PlanePositionSequence[0].ImagePositionPatient
    assert list(place) == list(original.ImagePositionPatient)
    assert difference.pixel_array[2, 20, 30] == pytest.approx(60, abs=25)
    assert nib.load(tmp_path / "out" / "difference.nii.gz").shape == (64, 64, 4)


def test_a_place_that_the_later_series_does_not_show_is_padding_in_the_map(tmp_path: Path) -> None:
    before, after = _dicom(tmp_path, "a", 1), _dicom(tmp_path, "b", 2, moved_mm=6.0)
    code, said = _compare(before, after, "-o", tmp_path / "out")
    assert code == 0, said
    assert "note: verdict: not known of the first" in said
    difference = pydicom.dcmread(tmp_path / "out" / "difference.dcm")
    assert (difference.pixel_array[:2] == difference.FloatPixelPaddingValue).all()
    assert np.abs(difference.pixel_array[2:]).max() < 100


def test_dicom_series_of_another_strength_are_refused(tmp_path: Path) -> None:
    before, after = _dicom(tmp_path, "a", 1), _dicom(tmp_path, "b", 2, lesion=60.0, strength=0.5)
    code, said = _compare(before, after, "-o", tmp_path / "out")
    assert code == 1
    assert "not comparable: strength: 1 and 0.5" in said


def test_a_series_that_has_lost_a_slice_is_not_compared(tmp_path: Path) -> None:
    before, after = _dicom(tmp_path, "a", 1), _dicom(tmp_path, "b", 2)
    for part in ("image", "uncertainty"):
        (after / part / "0003.dcm").unlink()
    done = CliRunner().invoke(app, ["compare", str(before), str(after), "-o", str(tmp_path / "out")])
    assert "slices of a series are missing" in str(done.exception)


def _reported(folder: Path) -> Path:
    """The same series with a report beside it."""
    told = record("ct", MODEL, (4, 64, 64), {"spacing_mm": [0.8, 0.8, 3.0], "strength": 1.0})
    (folder / "report.json").write_text(json.dumps({"verdict": "PASS", "comparability": told}))
    return folder


@pytest.mark.parametrize("reported", [False, True])
def test_two_patients_are_never_compared(tmp_path: Path, reported: bool) -> None:
    before, after = _dicom(tmp_path, "a", 1), _dicom(tmp_path, "b", 2, lesion=60.0, patient_id="T2")
    if reported:
        before, after = _reported(before), _reported(after)
    code, said = _compare(before, after, "-o", tmp_path / "out")
    assert code == 1
    assert "not comparable: patient: two different Patient IDs" in said
    assert "T2" not in said
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"comparison.json"}


def test_a_patient_who_is_not_known_of_one_is_said(tmp_path: Path) -> None:
    before, after = _dicom(tmp_path, "a", 1), _dicom(tmp_path, "b", 2, patient_id="")
    code, said = _compare(before, after, "-o", tmp_path / "out")
    assert code == 0
    assert "note: patient: not known of the second" in said
