from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.errors import UnreadableInput
from recon.io.nifti import read_nifti, stem, write_nifti

OBLIQUE = np.array([[0, 0.1, 3.0, 5], [-0.7, 0, 0, 6], [0, 0.8, 0.2, 7], [0, 0, 0, 1.0]])


def _write(path: Path, data: np.ndarray, affine: np.ndarray | None = None) -> Path:
    nib.save(nib.Nifti1Image(data, np.diag([0.7, 0.8, 3, 1]) if affine is None else affine), path)
    return path


@pytest.mark.parametrize("affine", [np.diag([0.7, 0.8, 3, 1]), np.diag([-0.7, -0.8, 3, 1]), OBLIQUE])
@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.uint8, np.float64])
def test_geometry_and_values_survive_the_round_trip(tmp_path: Path, affine: np.ndarray, dtype: type) -> None:
    data = np.random.default_rng(0).integers(0, 100, (7, 6, 5)).astype(dtype)
    original = read_nifti(_write(tmp_path / "in.nii.gz", data, affine))
    write_nifti(original.volume.values, original, tmp_path / "out.nii.gz")
    made = nib.load(tmp_path / "out.nii.gz")
    np.testing.assert_array_equal(made.get_fdata(), data)
    np.testing.assert_allclose(made.affine, affine)
    assert made.header.get_zooms() == pytest.approx(nib.load(tmp_path / "in.nii.gz").header.get_zooms())


def test_slices_run_along_the_body_wherever_the_file_keeps_that_axis(tmp_path: Path) -> None:
    original = read_nifti(_write(tmp_path / "in.nii", np.zeros((7, 6, 5), np.int16), OBLIQUE))
    # of OBLIQUE's axes the second runs to the head, the first to the back, the third to the side
    assert original.volume.shape == (6, 7, 5)
    lps = original.volume.geometry.affine
    np.testing.assert_allclose(lps[:3, 2], [-0.1, 0.0, 0.8], atol=1e-6)


def test_a_trailing_axis_of_one_is_no_dimension(tmp_path: Path) -> None:
    assert read_nifti(_write(tmp_path / "in.nii", np.zeros((64, 65, 2, 1), np.int16))).volume.shape == (2, 65, 64)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.zeros((4, 4, 4, 3), np.int16), "three dimensions"),
        (np.full((4, 4, 4), np.nan, np.float32), "NaN"),
        (np.full((4, 4, 4), np.inf, np.float32), "infinite"),
        (np.zeros((4, 4, 4), np.complex64), "not numbers"),
    ],
)
def test_what_is_no_ct_volume_is_refused(tmp_path: Path, data: np.ndarray, message: str) -> None:
    with pytest.raises(UnreadableInput, match=message):
        read_nifti(_write(tmp_path / "bad.nii", data))


def test_a_header_that_declares_too_much_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    path = _write(tmp_path / "bomb.nii", np.zeros((4, 4, 4), np.int16))
    content = bytearray(path.read_bytes())
    content[42:48] = np.array([20000, 20000, 20000], "<i2").tobytes()
    path.write_bytes(content)
    with pytest.raises(UnreadableInput, match="more than"):
        read_nifti(path)


def test_empty_missing_and_truncated_files(tmp_path: Path) -> None:
    (tmp_path / "empty.nii").touch()
    whole = _write(tmp_path / "cut.nii.gz", np.random.default_rng(0).integers(0, 9, (40, 40, 40)).astype(np.int16))
    whole.write_bytes(whole.read_bytes()[:2000])
    for name, message in (("empty.nii", "empty"), ("absent.nii", "no such"), ("cut.nii.gz", "damaged")):
        with pytest.raises(UnreadableInput, match=message):
            read_nifti(tmp_path / name)


@settings(max_examples=60)
@given(content=st.binary(max_size=800), whole=st.booleans(), places=st.lists(st.integers(0, 400), max_size=10))
def test_damaged_files_raise_one_kind_of_error(tmp_path: Path, content: bytes, whole: bool, places: list[int]) -> None:
    path = tmp_path / "damaged.nii"
    if whole:
        data = bytearray(_write(path, np.ones((5, 5, 5), np.int16)).read_bytes())
        for place in places:
            data[place] ^= 0xFF
        content = bytes(data)
    path.write_bytes(content)
    try:
        read_nifti(path)
    except UnreadableInput as error:
        assert "\n" not in error.problem  # noqa: PT017


def test_stem() -> None:
    assert stem(Path("a/b.c.nii.gz")) == "b.c"
    assert stem(Path("x.nii")) == "x"


def _with_bad_qform(path: Path) -> Path:
    affine = np.diag([-0.7, -0.8, 3, 1.0])
    image = nib.Nifti1Image(np.random.default_rng(0).integers(-1000, 1000, (7, 6, 5)).astype(np.int16), affine)
    image.set_sform(affine, 1)
    nib.save(image, path)
    content = bytearray(path.read_bytes())
    content[252:254] = np.int16(1).tobytes()
    content[256:268] = np.array([0.7071, 0.7072, 0], "<f4").tobytes()  # longer than any unit quaternion
    path.write_bytes(content)
    return path


def test_a_usable_sform_stands_for_a_qform_that_is_none(tmp_path: Path) -> None:
    original = read_nifti(_with_bad_qform(tmp_path / "in.nii"))
    np.testing.assert_allclose(original.volume.geometry.affine[:3, :3], np.diag([0.7, 0.8, 3]), atol=1e-6)
    assert original.notes == ("its qform can't be used",)
    write_nifti(original.volume.values, original, tmp_path / "out.nii.gz")
    made = nib.load(tmp_path / "out.nii.gz")
    np.testing.assert_allclose(made.affine, np.diag([-0.7, -0.8, 3, 1]), atol=1e-6)
    np.testing.assert_allclose(made.get_qform(), made.affine, atol=1e-5)
    np.testing.assert_array_equal(np.asarray(made.dataobj), np.asarray(nib.load(tmp_path / "in.nii").dataobj))


@pytest.mark.parametrize("sform", [np.zeros((4, 4)), np.diag([0.7, 0.8, 0, 1]), np.full((4, 4), np.nan)])
def test_a_usable_qform_stands_for_an_sform_that_is_none(tmp_path: Path, sform: np.ndarray) -> None:
    path = _write(tmp_path / "in.nii", np.zeros((7, 6, 5), np.int16), np.diag([-0.7, -0.8, 3, 1]))
    content = bytearray(path.read_bytes())
    content[252:256] = np.array([1, 2], "<i2").tobytes()
    content[280:328] = sform[:3].astype("<f4").tobytes()
    path.write_bytes(content)
    original = read_nifti(path)
    assert original.volume.geometry.spacing == pytest.approx((0.7, 0.8, 3.0))
    assert original.notes == ("its sform can't be used",)
    write_nifti(original.volume.values, original, tmp_path / "out.nii")
    np.testing.assert_allclose(nib.load(tmp_path / "out.nii").affine, np.diag([-0.7, -0.8, 3, 1]), atol=1e-5)


def test_forms_that_differ_are_named(tmp_path: Path) -> None:
    image = nib.Nifti1Image(np.zeros((7, 6, 5), np.int16), np.diag([0.7, 0.8, 3, 1]))
    image.set_qform(np.diag([0.7, 0.8, 2, 1]), 1)
    image.header["sform_code"] = 1
    nib.save(image, tmp_path / "in.nii")
    assert "differ by 4.0 mm" in read_nifti(tmp_path / "in.nii").notes[0]


def test_no_form_at_all(tmp_path: Path) -> None:
    image = nib.Nifti1Image(np.zeros((7, 6, 5), np.int16), None)
    image.header.set_zooms((0.7, 0.8, 3.0))
    nib.save(image, tmp_path / "in.nii")
    original = read_nifti(tmp_path / "in.nii")
    assert original.volume.geometry.spacing == pytest.approx((0.7, 0.8, 3.0))
    assert "orientation is unknown" in original.notes[0]
    write_nifti(original.volume.values, original, tmp_path / "out.nii")
    assert nib.load(tmp_path / "out.nii").header.get_zooms() == pytest.approx((0.7, 0.8, 3.0))


def test_own_results_are_no_input(tmp_path: Path) -> None:
    original = read_nifti(_write(tmp_path / "in.nii", np.zeros((7, 6, 5), np.int16)))
    write_nifti(original.volume.values, original, tmp_path / "simulated.nii")
    read_nifti(tmp_path / "simulated.nii")
    write_nifti(original.volume.values, original, tmp_path / "image.nii", result="denoised")
    with pytest.raises(UnreadableInput, match="written by recon"):
        read_nifti(tmp_path / "image.nii")
