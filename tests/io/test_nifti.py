from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
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


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
