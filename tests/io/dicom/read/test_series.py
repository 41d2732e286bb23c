from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import EnhancedCTImageStorage, MRImageStorage, RLELossless, SecondaryCaptureImageStorage

from recon.errors import UnreadableInput
from recon.io.dicom import find_files, load, read_series, scan
from recon.quality.verdict import Verdict
from tests.conftest import read_hu

MakeSlice = Callable[..., Path]


def _reasons(folder: Path) -> list[str]:
    _, skipped = read_series(find_files([folder]))
    return [item.reason for item in skipped]


def test_a_real_slice_is_read_in_hu(real_ct: Path) -> None:
    (series,), skipped = read_series([real_ct])
    assert skipped == []
    np.testing.assert_array_equal(series.volume.values[0], read_hu(real_ct).astype(np.float32))
    assert series.volume.geometry.spacing[:2] == pytest.approx((0.661468, 0.661468))


def test_slices_are_ordered_by_position_not_by_name(make_slice: MakeSlice) -> None:
    for name, z in (("c.dcm", 0.0), ("a.dcm", 6.0), ("b.dcm", 3.0)):
        path = make_slice(name, z=z, seed=int(z))
    (series,), _ = read_series(find_files([path.parent]))
    assert [source.path.name for source in series.sources] == ["c.dcm", "b.dcm", "a.dcm"]
    np.testing.assert_array_equal(series.volume.values[2], read_hu(path.parent / "a.dcm"))
    assert series.volume.geometry.spacing == pytest.approx((0.7, 0.8, 3.0))
    np.testing.assert_allclose(series.volume.geometry.affine[:3, 3], [-50, -60, 0])


def test_gantry_tilt_is_kept_as_shear(make_slice: MakeSlice) -> None:
    tilt = np.deg2rad(20.0)
    direction = [1, 0, 0, 0, float(np.cos(tilt)), float(np.sin(tilt))]
    for index in range(3):
        path = make_slice(
            f"{index}.dcm", ImageOrientationPatient=direction, ImagePositionPatient=[-50.0, -60.0, 3.0 * index]
        )
    (series,), _ = read_series(find_files([path.parent]))
    affine = series.volume.geometry.affine
    np.testing.assert_allclose(affine[:3, 2], [0, 0, 3.0], atol=1e-9)
    assert affine[:3, 1] @ affine[:3, 2] == pytest.approx(0.8 * np.sin(tilt) * 3.0)


def test_one_folder_may_hold_several_series(make_slice: MakeSlice) -> None:
    make_slice("a.dcm")
    path = make_slice("b.dcm", SeriesInstanceUID=pydicom.uid.generate_uid(), SeriesNumber=9)
    series, _ = read_series(find_files([path.parent]))
    assert [item.number for item in series] == ["3", "9"]


def test_signed_pixels_and_slope(make_slice: MakeSlice) -> None:
    stored = np.arange(-8192, 8192, dtype="<i2").reshape(128, 128)
    path = make_slice(
        "s.dcm",
        PixelRepresentation=1,
        BitsStored=16,
        HighBit=15,
        PixelData=stored.tobytes(),
        RescaleSlope=0.5,
        RescaleIntercept=10,
    )
    (series,), _ = read_series([path])
    np.testing.assert_array_equal(series.volume.values[0], stored * 0.5 + 10)


def test_compressed_pixels(make_slice: MakeSlice) -> None:
    path = make_slice("plain.dcm")
    dataset = pydicom.dcmread(path)
    expected = read_hu(path)
    dataset.compress(RLELossless)
    dataset.save_as(path)
    (series,), _ = read_series([path])
    np.testing.assert_array_equal(series.volume.values[0], expected)


@pytest.mark.parametrize("name", ["J2K_pixelrep_mismatch.dcm"])
def test_real_jpeg_2000(name: str) -> None:
    (series,), _ = read_series([Path(str(get_testdata_file(name, download=False)))])
    assert series.volume.values.shape == (1, 512, 512)
    assert series.volume.values.min() >= -2100


def test_enhanced_multi_frame(make_slice: MakeSlice) -> None:
    path = make_slice("multi.dcm")
    dataset = pydicom.dcmread(path)
    frame = np.frombuffer(dataset.PixelData, "<u2").reshape(128, 128)
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = EnhancedCTImageStorage
    dataset.NumberOfFrames = 2
    dataset.PixelData = np.stack([frame, frame + 1]).tobytes()
    shared, measures, direction, values = Dataset(), Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = [0.8, 0.7], 3.0
    direction.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    values.RescaleSlope, values.RescaleIntercept, values.RescaleType = 1, -1000, "HU"
    shared.PixelMeasuresSequence = Sequence([measures])
    shared.PlaneOrientationSequence = Sequence([direction])
    shared.PixelValueTransformationSequence = Sequence([values])
    dataset.SharedFunctionalGroupsSequence = Sequence([shared])
    frames = []
    for z in (5.0, 2.0):  # stored against the order of positions
        group, position = Dataset(), Dataset()
        position.ImagePositionPatient = [-50.0, -60.0, z]
        group.PlanePositionSequence = Sequence([position])
        frames.append(group)
    dataset.PerFrameFunctionalGroupsSequence = Sequence(frames)
    for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "RescaleSlope", "RescaleIntercept"):
        delattr(dataset, name)
    dataset.save_as(path)
    (series,), _ = read_series([path])
    assert [source.frame for source in series.sources] == [1, 0]
    np.testing.assert_array_equal(series.volume.values[1], frame.astype(np.float32) - 1000)
    assert series.volume.geometry.spacing == pytest.approx((0.7, 0.8, 3.0))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "localizer"),
        ({"SOPClassUID": MRImageStorage, "Modality": "MR"}, "not a CT image (MR"),
        ({"SOPClassUID": SecondaryCaptureImageStorage, "Modality": "OT"}, "not a CT image (OT"),
        ({"Modality": "PT"}, "modality is PT"),
        ({"RescaleIntercept": None}, "Rescale"),
        ({"PixelData": None, "Rows": 16, "Columns": 16}, "no pixel data"),
        ({"PixelData": b"\0" * 100}, "truncated: a file of "),
        ({"ImagePositionPatient": None}, "position"),
        ({"PixelSpacing": [0.0, 0.7]}, "spacing"),
        ({"Rows": 60000, "Columns": 60000, "NumberOfFrames": 2}, "declares 2 frames of 60000x60000"),
        ({"NumberOfFrames": 9000, "Rows": 4000, "Columns": 4000, "SpacingBetweenSlices": 1.0}, "truncated"),
    ],
)
def test_what_is_no_usable_slice_is_skipped_with_its_reason(
    make_slice: MakeSlice, changes: dict[str, object], reason: str
) -> None:
    good = make_slice("good.dcm")
    make_slice("bad.dcm", z=50.0, **changes)
    series, skipped = read_series(find_files([good.parent]))
    assert len(series) == 1
    assert [Path(item.path).name for item in skipped] == ["bad.dcm"]
    assert reason in skipped[0].reason


def test_files_that_are_no_dicom_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty.dcm").touch()
    (tmp_path / "notes.txt").write_text("hello")
    assert _reasons(tmp_path) == ["an empty file", "not a DICOM file"]


def test_a_truncated_file_is_named(make_slice: MakeSlice) -> None:
    path = make_slice("cut.dcm")
    path.write_bytes(path.read_bytes()[:-5000])
    series, skipped = read_series([path])
    assert series == []
    assert "truncated" in skipped[0].reason


def test_a_repeated_slice_is_left_out(make_slice: MakeSlice) -> None:
    path = make_slice("a.dcm")
    shutil.copy(path, path.with_name("b.dcm"))
    (series,), _ = read_series(find_files([path.parent]))
    assert series.volume.shape[0] == 1
    assert "repeats" in series.notes[0]


def test_two_scans_at_one_place_that_nothing_tells_apart_are_kept_for_review(make_slice: MakeSlice) -> None:
    make_slice("a.dcm", seed=0)
    path = make_slice("b.dcm", seed=1)
    (index,) = scan(find_files([path.parent])).series
    assert index.ambiguous
    series = load(index)
    assert series.volume.shape[0] == 2
    assert "a.dcm and b.dcm lie at the same place and differ" in series.notes[0]
    assert [check.name for check in series.checks if check.outcome is Verdict.REVIEW] == ["grouping"]


def test_missing_slices_are_noted(make_slice: MakeSlice) -> None:
    for index in (0, 1, 2, 5, 6):
        path = make_slice(f"{index}.dcm", z=3.0 * index)
    (series,), _ = read_series(find_files([path.parent]))
    assert series.notes == ["slices missing: 2 between 6.0 and 15.0 mm"]


def test_folders_that_can_not_be_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match="no such file"):
        find_files([tmp_path / "absent"])


def test_unreadable_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # root may read everything, so the refusal is staged
    def walk(path: Path, onerror: Callable[[OSError], None]) -> list[object]:
        onerror(PermissionError(13, "Permission denied", str(path)))
        return []

    monkeypatch.setattr(os, "walk", walk)
    with pytest.raises(UnreadableInput, match="Permission denied; check its permissions"):
        find_files([tmp_path])


@settings(max_examples=150)
@given(
    changes=st.lists(st.tuples(st.integers(132, 7000), st.integers(0, 255)), max_size=20),
    share=st.sampled_from([1.0, 1.0, 0.9, 0.3, 0.05, 0.004]),
)
def test_damaged_files_never_raise_anything_else(
    real_ct: Path, tmp_path: Path, changes: list[tuple[int, int]], share: float
) -> None:
    content = bytearray(real_ct.read_bytes())
    for place, value in changes:
        content[place] = value
    path = tmp_path / "damaged.dcm"
    path.write_bytes(content[: round(len(content) * share)])
    series, skipped = read_series([path])
    assert len(series) + len(skipped) >= 1
