"""Uncertainty as a Parametric Map: values, geometry and references as other programs read them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest

from recon.io.dicom import UncertaintyMap, find_files, read_series
from recon.io.dicom.write import parametric_map

MakeSlice = Callable[..., Path]


def _written(folder: Path, path: Path, order: list[int], seed: int = 0) -> tuple[np.ndarray, pydicom.Dataset]:
    (series,), _ = read_series(find_files([folder]))
    values = np.random.default_rng(seed).uniform(0, 60, series.volume.shape).astype(np.float32)
    made = UncertaintyMap("ct_denoise:1 sha256:abc", path)
    for index in order:
        made.put_width(values[index], series.volume.values[index], series.sources[index], index)
    made.close()
    return values, pydicom.dcmread(path)


def test_floats_and_geometry_come_back_as_they_were(make_slice: MakeSlice, tmp_path: Path) -> None:
    places = [0.0, 3.0, 6.0, 12.0]  # not evenly spaced
    for index, z in enumerate(places):
        path = make_slice(f"{index}.dcm", z=z, seed=index, SpecificCharacterSet="ISO_IR 192", PatientName="Größe^A")
    values, made = _written(path.parent, tmp_path / "u.dcm", [2, 0, 3, 1])
    np.testing.assert_array_equal(made.pixel_array, values)
    assert made.SOPClassUID == made.file_meta.MediaStorageSOPClassUID == pydicom.uid.ParametricMapStorage
    frames = made.PerFrameFunctionalGroupsSequence
    assert [frame.PlanePositionSequence[0].ImagePositionPatient[2] for frame in frames] == places
    shared = made.SharedFunctionalGroupsSequence[0]
    assert list(shared.PixelMeasuresSequence[0].PixelSpacing) == [0.8, 0.7]
    assert list(shared.PlaneOrientationSequence[0].ImageOrientationPatient) == [1, 0, 0, 0, 1, 0]
    (mapping,) = shared.RealWorldValueMappingSequence
    assert mapping.MeasurementUnitsCodeSequence[0].CodeValue == "[hnsf'U]"
    assert (mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept) == (1, 0)
    source = pydicom.dcmread(path)
    for name in ("PatientName", "PatientID", "StudyInstanceUID", "FrameOfReferenceUID"):
        assert made[name].value == source[name].value, name
    assert made.SeriesInstanceUID != source.SeriesInstanceUID
    (reference,) = frames[3].DerivationImageSequence[0].SourceImageSequence
    assert reference.ReferencedSOPInstanceUID == source.SOPInstanceUID
    assert frames[3].DerivationImageSequence[0].DerivationCodeSequence[0].CodeValue == "113062"
    (series,) = made.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == source.SeriesInstanceUID
    assert len(series.ReferencedInstanceSequence) == 4
    assert sorted(item.name for item in tmp_path.iterdir()) == ["series", "u.dcm"]


def test_highdicom_reads_the_same(make_slice: MakeSlice, tmp_path: Path) -> None:
    highdicom = pytest.importorskip("highdicom")
    for index in range(4):
        path = make_slice(f"{index}.dcm", z=3.0 * index, seed=index)
    values, _ = _written(path.parent, tmp_path / "u.dcm", [0, 1, 2, 3])
    volume = highdicom.imread(tmp_path / "u.dcm").get_volume(apply_real_world_transform=True)
    # highdicom counts slices against the normal
    array = volume.array if volume.affine[2, 0] > 0 else volume.array[::-1]
    np.testing.assert_array_equal(array, values)
    assert volume.spacing == pytest.approx((3.0, 0.8, 0.7))
    corner = volume.map_indices_to_reference(np.array([[0 if volume.affine[2, 0] > 0 else 3, 0, 0]]))
    np.testing.assert_allclose(corner, [[-50, -60, 0]])


def test_padding_is_certain_and_missing_slices_are_left_out(make_slice: MakeSlice, tmp_path: Path) -> None:
    for index in range(3):
        path = make_slice(f"{index}.dcm", z=3.0 * index, PixelPaddingValue=0)
    values, made = _written(path.parent, tmp_path / "u.dcm", [2, 0])
    assert made.NumberOfFrames == 2
    padded = pydicom.dcmread(path).pixel_array == 0
    assert padded.any()
    np.testing.assert_array_equal(made.pixel_array[1], np.where(padded, 0, values[2]))


def test_directions_that_differ_in_the_last_digits_stay_each_slices_own(make_slice: MakeSlice, tmp_path: Path) -> None:
    make_slice("0.dcm", z=0.0)
    path = make_slice("1.dcm", z=3.0, ImageOrientationPatient=[1, 0.0001, 0, -0.0001, 1, 0])
    _, made = _written(path.parent, tmp_path / "u.dcm", [0, 1])
    assert "PlaneOrientationSequence" not in made.SharedFunctionalGroupsSequence[0]
    found = made.PerFrameFunctionalGroupsSequence[1].PlaneOrientationSequence[0].ImageOrientationPatient
    assert list(found) == [1, 0.0001, 0, -0.0001, 1, 0]


def test_what_exceeds_an_element_becomes_several_instances(
    make_slice: MakeSlice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for index in range(3):
        path = make_slice(f"{index}.dcm", z=3.0 * index)
    monkeypatch.setattr(parametric_map, "_MOST_BYTES", 2 * 4 * 128 * 128)
    with pytest.raises(FileNotFoundError):
        _written(path.parent, tmp_path / "u.dcm", [0, 1, 2])
    made = [pydicom.dcmread(tmp_path / f"u_{number}.dcm") for number in (1, 2)]
    assert [int(one.NumberOfFrames) for one in made] == [2, 1]
    assert len({one.SeriesInstanceUID for one in made}) == 1
    assert len({one.SOPInstanceUID for one in made}) == 2


def test_it_is_no_input(make_slice: MakeSlice, tmp_path: Path) -> None:
    path = make_slice()
    _written(path.parent, tmp_path / "u.dcm", [0])
    found, skipped = read_series([tmp_path / "u.dcm"])
    assert not found
    assert "written by recon" in skipped[0].reason
