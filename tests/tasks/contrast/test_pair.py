"""Two scans from files, and derived slices that claim no dose."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from recon.errors import UnreadableInput
from recon.quality.verdict import Verdict
from recon.tasks.contrast.pair import read_pair, read_scan
from tests.io.mr_slices import VALUES, write_series


def test_a_dicom_series_is_sorted_by_place_and_rescaled(tmp_path: Path) -> None:
    scan = read_scan([write_series(tmp_path / "a")])
    ordered = scan.volume.values if scan.volume.geometry.affine[0, 2] > 0 else scan.volume.values[::-1]
    np.testing.assert_array_equal(ordered, VALUES * 2.0 + 1.0)
    assert scan.volume.geometry.spacing == pytest.approx((1.1, 0.9, 1.2))
    assert len(scan.files) == 7
    first = scan.volume.geometry.affine @ [0, 0, 0, 1]
    assert list(first[:3]) == pytest.approx([float(v) for v in pydicom.dcmread(scan.files[0]).ImagePositionPatient])


@pytest.mark.parametrize("skip", [1, 3, 5])
def test_a_missing_slice_is_named(tmp_path: Path, skip: int) -> None:
    with pytest.raises(UnreadableInput, match="missing or doubled"):
        read_scan([write_series(tmp_path / "a", skip=skip)])


def test_two_patients_two_series_one_file_and_rubbish_are_refused(tmp_path: Path) -> None:
    one, other = write_series(tmp_path / "a"), write_series(tmp_path / "b", patient="P2")
    with pytest.raises(UnreadableInput, match="another patient"):
        read_pair([one], [other])
    with pytest.raises(UnreadableInput, match="two scans are needed"):
        read_pair([one], [one])
    write_series(tmp_path / "c" / "d")
    write_series(tmp_path / "c" / "e")
    with pytest.raises(UnreadableInput, match="2 MR series"):
        read_scan([tmp_path / "c"])
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "x.dcm").write_bytes(b"no DICOM at all")
    with pytest.raises(UnreadableInput, match="holds no MR series"):
        read_scan([tmp_path / "f"])


def test_scouts_inside_a_series_are_left_out_and_named(tmp_path: Path) -> None:
    many = np.repeat(VALUES, 2, axis=0)
    folder = write_series(tmp_path / "a", many)

    def axial(dataset: Dataset, index: int) -> None:
        dataset.ImageOrientationPatient, dataset.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [0.0, 0.0, 20.0 * index]

    write_series(folder, many[:3], each=axial)
    scan = read_scan([folder])
    assert scan.volume.shape[0] == 14
    assert any("left out of the same series" in note for note in scan.notes)
    assert any("lies across" in note for note in scan.notes)


@pytest.mark.parametrize(
    "image_type",
    [
        ["ORIGINAL", "PRIMARY", "P", "ND"],
        ["ORIGINAL", "PRIMARY", "PHASE MAP"],
        ["DERIVED", "PRIMARY", "SUB"],
        ["DERIVED", "PRIMARY", "ADC"],
    ],
)
def test_phase_and_maps_among_the_slices_are_left_out_and_named(tmp_path: Path, image_type: list[str]) -> None:
    folder = write_series(tmp_path / "a")
    write_series(folder, VALUES[::-1], each=lambda dataset, index: setattr(dataset, "ImageType", image_type))
    scan = read_scan([folder])
    assert sorted(scan.volume.values[:, 0, 0]) == sorted(VALUES[:, 0, 0] * 2.0 + 1.0)
    assert any(image_type[2] in note for note in scan.notes)


def test_a_series_uid_for_every_slice_is_one_series(tmp_path: Path) -> None:
    def own_uid(dataset: Dataset, index: int) -> None:
        dataset.SeriesInstanceUID = f"1.2.392.1.{index + 1}"

    scan = read_scan([write_series(tmp_path / "a", each=own_uid)])
    assert scan.volume.shape[0] == 7
    assert "differs from slice to slice" in scan.notes[0]


def _set(**values: object) -> Callable[[Dataset, int], None]:
    return lambda dataset, index: [setattr(dataset, name, value) for name, value in values.items()]  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("each", "words"),
    [
        (_set(PhotometricInterpretation="MONOCHROME1"), "MONOCHROME1"),
        (_set(PixelSpacing=[1e-9, 1e-9]), "impossible"),
        (_set(ImageOrientationPatient=[0, 0, 0, 0, 0, 0]), "impossible"),
        (_set(ImageOrientationPatient=[0, 1, 0, 0, 0.5, -0.8]), "impossible"),
        (
            lambda d, i: setattr(d, "ImageOrientationPatient", [0, 0, 1, 0, 1, 0] if i > 3 else [0, 1, 0, 0, 0, -1]),
            "MR series|lies across",
        ),
        (lambda d, i: setattr(d, "PixelSpacing", [1.8, 2.2] if i > 3 else [0.9, 1.1]), "MR series|slices"),
        (lambda d, i: setattr(d, "PatientID", "P2" if i > 3 else "P1"), "MR series|slices"),
        (lambda d, i: setattr(d, "ImagePositionPatient", [1.2 * i, -100.0 + 30 * (i == 3), 80.0]), "aside"),
        (lambda d, i: setattr(d, "ImagePositionPatient", [1.2 * i, -100.0 + 0.5 * i, 80.0]), "leans"),
        (lambda d, i: setattr(d, "ImagePositionPatient", [1.2, -100.0, 80.0]), "same place"),
    ],
)
def test_what_is_no_evenly_spaced_scan_of_one_patient_is_refused(
    tmp_path: Path, each: Callable[[Dataset, int], None], words: str
) -> None:
    with pytest.raises(UnreadableInput, match=words):
        read_scan([write_series(tmp_path / "a", each=each)])


def test_a_damaged_file_is_a_check(tmp_path: Path) -> None:
    folder = write_series(tmp_path / "a")
    last = max(folder.iterdir())
    last.write_bytes(last.read_bytes()[:-100])
    scan = read_scan([folder])
    (check,) = [check for check in scan.checks if check.name == "slices_lost"]
    assert check.value == 1
    assert check.outcome is Verdict.REVIEW


def test_nothing_beside_the_listed_files_is_read(tmp_path: Path) -> None:
    folder = write_series(tmp_path / "a")
    files = sorted(folder.iterdir())
    scan = read_scan(files[:5])
    assert scan.volume.shape[0] == 5
    assert sorted(scan.files) == files[:5]


def test_headers_of_two_sequences_are_a_check(tmp_path: Path) -> None:
    one, other = write_series(tmp_path / "a"), write_series(tmp_path / "b", each=_set(FlipAngle=25.0, EchoTime=3.01))
    (check,) = [check for check in read_pair([one], [other]).checks if check.name == "same_protocol"]
    assert check.outcome is Verdict.REVIEW
    assert check.value == 1
    assert "FlipAngle is 15 before and 25 degrees after" in check.message
    again = read_pair([one], [write_series(tmp_path / "c")])
    (check,) = [check for check in again.checks if check.name == "same_protocol"]
    assert check.outcome is Verdict.PASS


def test_a_nifti_pair_keeps_its_geometry(tmp_path: Path) -> None:
    affine = np.array([[0, 0, 1.2, -30], [-0.9, 0, 0, 50], [0, 1.1, 0, -20], [0, 0, 0, 1.0]])
    for name in ("pre", "low"):
        nib.save(nib.Nifti1Image(VALUES.astype(np.int16), affine), tmp_path / f"{name}.nii.gz")
    pair = read_pair([tmp_path / "pre.nii.gz"], [tmp_path / "low.nii.gz"])
    assert pair.pre.nifti is not None
    assert sorted(pair.pre.volume.geometry.spacing) == pytest.approx([0.9, 1.1, 1.2])


@settings(max_examples=25)
@given(cut=st.integers(0, 1500), flip=st.integers(0, 255))
def test_damaged_files_give_one_line(tmp_path: Path, cut: int, flip: int) -> None:
    folder = tmp_path / f"{cut}_{flip}"
    if folder.exists():
        return
    scan = write_series(folder)
    file = sorted(scan.iterdir())[2]
    raw = bytearray(file.read_bytes())
    raw[cut % len(raw)] = flip
    file.write_bytes(bytes(raw[: max(200, len(raw) - cut)]))
    problem = ""
    try:
        read_scan([folder])
    except UnreadableInput as error:
        problem = error.problem
    assert "\n" not in problem
