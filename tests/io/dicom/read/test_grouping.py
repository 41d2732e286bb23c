"""Slices of one scan stay together, slices of two are told apart or named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from recon.io.dicom import Kind, SeriesIndex, find_files, load, scan
from recon.quality.verdict import Verdict, verdict_of

MakeSlice = Callable[..., Path]


def _series(path: Path) -> list[SeriesIndex]:
    return scan(find_files([path.parent])).series


def _two(make_slice: MakeSlice, shift: float = 0.0, slices: int = 4, **second: object) -> list[SeriesIndex]:
    """Two scans under one SeriesInstanceUID, the second with other attributes."""
    for index in range(slices):
        first = {name: value for name, value in _FIRST.items() if name in second}
        make_slice(f"a{index}.dcm", z=3.0 * index, seed=index, size=64, InstanceNumber=index + 1, **first)
        path = make_slice(
            f"b{index}.dcm",
            z=3.0 * index + shift,
            seed=index + 50,
            size=64,
            InstanceNumber=index + 1 + slices,
            **second,
        )
    return _series(path)


_FIRST = {
    "PatientID": "P1",
    "PatientName": "A^A",
    "StudyInstanceUID": "1.2.3",
    "FrameOfReferenceUID": "1.2.4",
    "AcquisitionNumber": 1,
    "ConvolutionKernel": "B30f",
    "AcquisitionTime": "120000",
    "ReconstructionDiameter": 300,
    "KVP": 80,
    "TemporalPositionIdentifier": 1,
    "ContentTime": "120000",
    "SliceThickness": 3,
}


@pytest.mark.parametrize(
    ("shift", "second"),
    [
        (1.5, {"PatientID": "P2"}),
        (1.5, {"PatientName": "B^B"}),
        (1.5, {"StudyInstanceUID": "1.2.9"}),
        (1.5, {"FrameOfReferenceUID": "1.2.9"}),
        (1.5, {"ConvolutionKernel": "B60f"}),
        (1.2, {"AcquisitionNumber": 2}),
        (0.0, {"AcquisitionNumber": 2}),
        (0.0, {"ReconstructionDiameter": 200}),
        (0.0, {"KVP": 140}),
        (0.0, {"TemporalPositionIdentifier": 2}),
        (0.0, {"AcquisitionTime": "120030"}),
        (0.0, {"ContentTime": "120030"}),
        (0.0, {"SliceThickness": 5}),
        (0.0, {"PixelSpacing": [0.4, 0.35]}),
        (0.0, {"Rows": 32, "Columns": 128}),
        (0.0, {"ImageType": ["DERIVED", "PRIMARY", "AXIAL"]}),
    ],
)
def test_two_scans_under_one_series_uid_are_told_apart(
    make_slice: MakeSlice, shift: float, second: dict[str, object]
) -> None:
    series = _two(make_slice, shift, **second)
    names = [sorted(record.source.path.name[0] for record in one.records) for one in series]
    assert sorted(names) == [["a"] * 4, ["b"] * 4]
    assert not any(one.ambiguous for one in series)
    assert len({one.name for one in series}) == 2
    assert all("holds 2 scans" in one.notes[0] for one in series)
    assert not any("P1" in one.name for one in series)


def test_scans_that_run_through_each_other_in_time_are_not_guessed(make_slice: MakeSlice) -> None:
    (series,) = _two(make_slice)
    assert series.ambiguous
    assert verdict_of(load(series).checks) is Verdict.REVIEW


def test_an_acquisition_a_slice_is_one_scan(make_slice: MakeSlice) -> None:
    for index in range(6):
        path = make_slice(
            f"{index}.dcm", z=3.0 * index, size=64, AcquisitionNumber=index + 1, AcquisitionTime=f"1200{index:02d}"
        )
    (series,) = _series(path)
    assert len(series.records) == 6


def test_slabs_that_follow_each_other_are_one_scan(make_slice: MakeSlice) -> None:
    for index in range(6):
        path = make_slice(f"{index}.dcm", z=3.0 * index, size=64, AcquisitionNumber=1 + index // 3)
    (series,) = _series(path)
    assert verdict_of(load(series).checks) is Verdict.PASS


def test_last_digits_of_direction_and_spacing_do_not_split(make_slice: MakeSlice) -> None:
    for index in range(6):
        e = 0.00049 if index % 2 else 0.00051
        path = make_slice(
            f"{index}.dcm",
            z=3.0 * index,
            size=64,
            ImageOrientationPatient=[1, e, 0, -e, 1, 0],
            PixelSpacing=["0.976562", "0.9765625"] if index % 2 else ["0.97656", "0.977"],
        )
    (series,) = _series(path)
    assert len(series.records) == 6


def test_a_value_that_some_slices_lack_does_not_split(make_slice: MakeSlice) -> None:
    for index in range(4):
        lacking = {"FrameOfReferenceUID": None, "PatientID": ""} if index == 2 else {}
        path = make_slice(f"{index}.dcm", z=3.0 * index, size=64, **lacking)
    assert len(_series(path)) == 1


def test_a_frame_of_reference_for_every_file_tells_nothing(make_slice: MakeSlice) -> None:
    for index in range(4):
        path = make_slice(f"{index}.dcm", z=3.0 * index, size=64, FrameOfReferenceUID=f"1.2.{index}")
    assert len(_series(path)) == 1


@pytest.mark.parametrize(
    "scout",
    [
        {"ImageOrientationPatient": [1, 0, 0, 0, 0, -1]},
        {"ImageOrientationPatient": [0, 1, 0, 0, 0, -1]},
        {"Rows": 32, "Columns": 128},
    ],
)
def test_a_localizer_that_does_not_say_so_is_left_out(make_slice: MakeSlice, scout: dict[str, object]) -> None:
    path = make_slice("scout.dcm", z=60.0, size=64, **scout)
    for index in range(4):
        make_slice(f"{index}.dcm", z=3.0 * index, size=64)
    found = scan(find_files([path.parent]))
    assert [len(one.records) for one in found.series] == [4]
    assert [(Path(item.path).name, item.kind) for item in found.skipped] == [("scout.dcm", Kind.OTHER)]
    assert "scout.dcm" in " ".join(found.series[0].notes)
    assert verdict_of(load(found.series[0]).checks) is Verdict.PASS


def test_a_lone_coronal_image_is_a_localizer(make_slice: MakeSlice) -> None:
    found = scan([make_slice(ImageOrientationPatient=[1, 0, 0, 0, 0, -1])])
    assert found.series == []
    assert "localizer" in found.skipped[0].reason


def test_a_coronal_reformat_is_a_series(make_slice: MakeSlice) -> None:
    for index in range(4):
        path = make_slice(
            f"{index}.dcm", size=64, ImageOrientationPatient=[1, 0, 0, 0, 0, -1], ImagePositionPatient=[0, 2 * index, 0]
        )
    assert [len(one.records) for one in _series(path)] == [4]


def test_names_do_not_depend_on_the_order_of_files(make_slice: MakeSlice) -> None:
    for index in range(3):
        path = make_slice(f"{index}.dcm", size=64, SeriesInstanceUID=f"1.2.{index}")
    files = find_files([path.parent])
    names = {one.uid: one.name for one in scan(files).series}
    assert names == {one.uid: one.name for one in scan(reversed(files)).series}
    assert len(set(names.values())) == 3


def test_a_slice_without_position_is_lost_and_its_series_goes_to_review(make_slice: MakeSlice) -> None:
    for index in range(5):
        path = make_slice(
            f"{index}.dcm", z=3.0 * index, size=64, **({"ImagePositionPatient": None} if index == 4 else {})
        )
    found = scan(find_files([path.parent]))
    assert [item.kind for item in found.skipped] == [Kind.BROKEN]
    checks = load(found.series[0]).checks
    assert [check.name for check in checks if check.outcome is Verdict.REVIEW] == ["slices_lost"]


@pytest.mark.parametrize(
    ("places", "failed", "words"),
    [
        ([0, 2.5, 5, 7.5, 10, 12.5, 15, 15.25, 22.75, 30.25, 37.75], ["spacing_changes"], "spacing changes"),
        ([0, 1, 2, 3, 4, 6, 8, 10], ["spacing_changes"], "spacing changes"),
        ([0, 3, 6, 15, 18, 21], ["series_gaps"], "slices missing: 2 between 6.0 and 15.0 mm"),
        ([0, 0.6, 1.3, 1.9, 2.5, 3.1, 3.8], [], ""),
    ],
)
def test_distances_of_slices(make_slice: MakeSlice, places: list[float], failed: list[str], words: str) -> None:
    for index, place in enumerate(places):
        path = make_slice(f"{index}.dcm", z=place, size=64)
    series = load(_series(path)[0])
    assert [check.name for check in series.checks if check.outcome is not Verdict.PASS] == failed
    assert words in " ".join(series.notes)


def test_frames_of_two_phases_in_one_enhanced_file(make_slice: MakeSlice) -> None:
    path = make_slice(size=64, SOPClassUID=pydicom.uid.EnhancedCTImageStorage, NumberOfFrames=4)
    dataset = pydicom.dcmread(path)
    dataset.PixelData = dataset.PixelData * 4
    frames = []
    for index in range(4):
        group, place, content = Dataset(), Dataset(), Dataset()
        place.ImagePositionPatient = [0, 0, 3.0 * (index % 2)]
        content.TemporalPositionIndex = 1 + index // 2
        group.PlanePositionSequence, group.FrameContentSequence = Sequence([place]), Sequence([content])
        frames.append(group)
    dataset.PerFrameFunctionalGroupsSequence = Sequence(frames)
    dataset.save_as(path)
    series = scan([path]).series
    assert [[record.source.frame for record in one.records] for one in series] == [[0, 1], [2, 3]]
