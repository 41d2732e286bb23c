"""Headers as they are met: units, text as bytes, numbers that break the rules, what is no CT slice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from recon.io.dicom import Kind, denoised_series, find_files, read_series, scan, simulated_series, write_slice
from tests.conftest import read_hu
from tests.io.dicom.odd_headers import with_bytes, written

MakeSlice = Callable[..., Path]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"RescaleType": "MGML"}, "RescaleType is MGML"),
        ({"RescaleType": "Z_EFF"}, "RescaleType is Z_EFF"),
        ({"RescaleType": "US"}, "RescaleType is US"),
        ({"RescaleType": "PCT"}, "RescaleType is PCT"),
        ({"RescaleType": "HU_MOD"}, "RescaleType is HU_MOD"),
        ({"ImageType": ["DERIVED", "PRIMARY", "AXIAL", "MAT_SPECIFIC"]}, "MAT_SPECIFIC"),
        ({"ImageType": ["DERIVED", "PRIMARY", "AXIAL", "VMI"]}, "VMI"),
        ({"ImageType": ["DERIVED", "SECONDARY", "AXIAL", "SUBTRACTION"]}, "SUBTRACTION"),
        ({"ImageType": ["DERIVED", "SECONDARY", "AXIAL", "MIP"]}, "MIP"),
        ({"RescaleSlope": None}, "Rescale Slope"),
        ({"RescaleSlope": 0}, "Rescale Slope 0"),
    ],
)
def test_what_is_no_hu_is_refused_by_name(make_slice: MakeSlice, changes: dict[str, object], named: str) -> None:
    found = scan([make_slice(**changes)])
    assert found.series == []
    assert named in found.skipped[0].reason
    assert found.skipped[0].kind is Kind.UNSUPPORTED


def test_real_world_units_other_than_hu_are_refused(make_slice: MakeSlice) -> None:
    mapping, code = Dataset(), Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "mg/mL", "UCUM", "milligram per millilitre"
    mapping.MeasurementUnitsCodeSequence = Sequence([code])
    found = scan([make_slice(RealWorldValueMappingSequence=Sequence([mapping]))])
    assert "mg/mL" in found.skipped[0].reason


@pytest.mark.parametrize("kind", [["ORIGINAL", "PRIMARY", "AXIAL", "CT_SOM5 SPI"], ["DERIVED", "SECONDARY", "MPR"]])
def test_plain_ct_is_read(make_slice: MakeSlice, kind: list[str]) -> None:
    assert len(scan([make_slice(ImageType=kind)]).series) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"ImageType": ["ORIGINAL", "PRIMARY", "OTHER", "CT_SOM5 TOP"]},
        {"ImageType": ["ORIGINAL", "SECONDARY", "OTHER", "CT_SOM5 PROT"]},
        {"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]},
        {"ConversionType": "WSD"},
        {"Modality": "MR"},
        {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"},
    ],
)
def test_what_is_no_slice_costs_nothing(make_slice: MakeSlice, changes: dict[str, object]) -> None:
    found = scan([make_slice(**changes)])
    assert found.series == []
    assert found.skipped[0].kind is Kind.OTHER


def test_own_results_are_no_input_but_simulated_scans_are(make_slice: MakeSlice, tmp_path: Path) -> None:
    path = make_slice()
    (series,), _ = read_series([path])
    for name, derived in (("own.dcm", denoised_series("m", 1.0)), ("simulated.dcm", simulated_series(0.25))):
        write_slice(series.volume.values[0], series.sources[0], derived, 1, tmp_path / name)
    assert scan([tmp_path / "own.dcm"]).skipped[0].reason.startswith("written by recon")
    assert len(scan([tmp_path / "simulated.dcm"]).series) == 1


@pytest.mark.parametrize(
    ("keyword", "value", "expected"),
    [
        ("PixelSpacing", b"0,8\\0,7", (0.7, 0.8)),
        ("PixelSpacing", b"0.80000000000000000001\\0.7000000000000000000", (0.7, 0.8)),
        ("PixelSpacing", b" 8E-1\\ +0.7 ", (0.7, 0.8)),
    ],
)
def test_numbers_that_break_the_rules(
    make_slice: MakeSlice, tmp_path: Path, keyword: str, value: bytes, expected: tuple[float, ...]
) -> None:
    path = with_bytes(make_slice(), keyword, value)
    (series,), _ = read_series([path])
    assert series.volume.geometry.spacing[:2] == pytest.approx(expected)
    made = written(path, tmp_path)
    assert all(len(part) <= 16 for part in made.get_item("PixelSpacing").value.split(b"\\"))
    assert list(made.PixelSpacing) == pytest.approx(expected[::-1])


@pytest.mark.parametrize(("slope", "value"), [(b"1,5", 1.5), (b"0.333333333333333333333", 1 / 3)])
def test_rescale_in_unusual_words(make_slice: MakeSlice, tmp_path: Path, slope: bytes, value: float) -> None:
    path = make_slice()
    stored = pydicom.dcmread(path).pixel_array
    made = written(with_bytes(path, "RescaleSlope", slope), tmp_path)
    np.testing.assert_array_equal(made.pixel_array, stored)
    np.testing.assert_allclose(read_hu(tmp_path / "out.dcm"), stored * value - 1024, atol=value / 2)


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe.dcm")
    assert [item.reason for item in scan(find_files([tmp_path])).skipped] == ["no regular file"]


def test_a_file_given_twice_is_read_once(make_slice: MakeSlice) -> None:
    path = make_slice()
    path.with_name("link.dcm").symlink_to(path)
    assert len(find_files([path.parent, path])) == 1


def test_files_are_counted_as_they_are_read(make_slice: MakeSlice) -> None:
    path = make_slice("a.dcm")
    make_slice("b.dcm")
    seen: list[int] = []
    scan(find_files([path.parent]), seen.append)
    assert seen == [1, 2]


def test_an_anonymiser_that_empties_every_uid(make_slice: MakeSlice, tmp_path: Path) -> None:
    for index in range(6):
        path = make_slice(f"{index}.dcm", z=3.0 * (index % 3), size=64, SeriesNumber=1 + index // 3)
        for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "SOPClassUID"):
            with_bytes(path, keyword, b"")
    series, skipped = read_series(find_files([path.parent]))
    assert skipped == []
    assert [one.volume.shape[0] for one in series] == [3, 3]
    assert "SeriesInstanceUID is missing" in series[0].notes[0]
    studies = set()
    for one in series:
        write_slice(one.volume.values[0], one.sources[0], denoised_series("m", 0.0), 1, tmp_path / "out.dcm")
        made = pydicom.dcmread(tmp_path / "out.dcm")
        assert "SourceImageSequence" not in made
        studies.add(made.StudyInstanceUID)
    assert len(studies) == 1
