"""Any element dropped, changed or lengthened, any byte changed: no other error, and nothing unreadable is written."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from recon.errors import ReconError
from recon.io.dicom import denoised_series, load, scan, uncertainty_series, write_slice

MakeSlice = Callable[..., Path]
VALUES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [
            b"",
            b"0",
            b"-1",
            b"1e400",
            b"nan",
            b"0,5\\0,7",
            b"4" * 30,
            b"\\\\",
            b"HU",
            b"1.2\\3.4\\5.6",
            b"ISO 2022 IR 87",
            b"\xff\xfe",
            b"UN",
            b"\0\0",
            b"\xff\xff",
            b"9" * 200,
            b"\x1b$B%F\x1b(B",
            b"GB18030",
        ]
    ),
)


def _mutated(path: Path, place: int, what: str, value: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(path)
        tags = sorted(dataset.keys())
        tag = tags[place % len(tags)]
        element = dataset.get_item(tag)
        if what == "drop":
            del dataset[tag]
        elif isinstance(element, RawDataElement):
            changed = value if what == "change" else element.value + value
            changed += b" " * (len(changed) % 2)
            dataset._dict[tag] = element._replace(value=changed, length=len(changed))  # as bytes, not looked at
        dataset.save_as(path)


def _survives(path: Path, target: Path) -> int:
    """Read, write, and read what was written with two programs; how many slices that were."""
    found = scan([path])
    written = 0
    for index in found.series:
        try:
            series = load(index)
        except ReconError as error:
            assert "\n" not in error.problem  # noqa: PT017
            continue
        for derived in (denoised_series("m", 0.0), uncertainty_series("m")):
            for number, plane in enumerate(series.volume.values):
                try:
                    write_slice(plane, series.sources[number], derived, number + 1, target)
                except ReconError as error:
                    assert "\n" not in error.problem  # noqa: PT017
                    assert not target.exists()
                    continue
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    made = pydicom.dcmread(target)
                    str(made)
                    assert made.pixel_array.shape == plane.shape
                image = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(target)))
                assert image.shape[-2:] == plane.shape
                target.unlink()
                written += 1
    assert found.series or found.skipped
    return written


@example(place=48, what="change", value=b"0")  # SpacingBetweenSlices, which readers then refuse
@settings(max_examples=40)
@given(place=st.integers(0, 200), what=st.sampled_from(["drop", "change", "lengthen"]), value=VALUES)
def test_any_element_of_a_real_header(real_ct: Path, tmp_path: Path, place: int, what: str, value: bytes) -> None:
    path = tmp_path / "fuzzed.dcm"
    path.write_bytes(real_ct.read_bytes())
    _mutated(path, place, what, value)
    _survives(path, tmp_path / "out.dcm")


@settings(max_examples=100)
@given(
    keyword=st.sampled_from(
        [
            "SpecificCharacterSet",
            "PixelSpacing",
            "RescaleSlope",
            "RescaleIntercept",
            "RescaleType",
            "BitsStored",
            "HighBit",
            "BitsAllocated",
            "PixelRepresentation",
            "PixelPaddingValue",
            "Rows",
            "NumberOfFrames",
            "ImagePositionPatient",
            "ImageOrientationPatient",
            "SeriesNumber",
            "SeriesDescription",
            "StudyInstanceUID",
            "SOPInstanceUID",
            "PatientName",
            "ImageType",
            "PhotometricInterpretation",
            "SamplesPerPixel",
            "WindowCenter",
        ]
    ),
    what=st.sampled_from(["change", "lengthen"]),
    value=VALUES,
)
def test_what_decides_how_a_slice_is_read(
    make_slice: MakeSlice, tmp_path: Path, keyword: str, what: str, value: bytes
) -> None:
    path = make_slice(
        size=64, PixelPaddingValue=0, WindowCenter=40, NumberOfFrames=1, SpecificCharacterSet="ISO_IR 100"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(path, stop_before_pixels=True)
        place = sorted(dataset.keys()).index(pydicom.datadict.tag_for_keyword(keyword))
    _mutated(path, place, what, value)
    _survives(path, tmp_path / "out.dcm")


@example(changes=[(1206, 83)], share=1.0)  # a spacing that is stated to be a binary number
@settings(max_examples=60)
@given(
    changes=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=8),
    share=st.sampled_from([1.0, 1.0, 1.0, 0.9, 0.05]),
)
def test_any_byte(real_ct: Path, tmp_path: Path, changes: list[tuple[int, int]], share: float) -> None:
    content = bytearray(real_ct.read_bytes())
    for place, value in changes:
        content[place] = value
    path = tmp_path / "fuzzed.dcm"
    path.write_bytes(content[: round(len(content) * share)])
    _survives(path, tmp_path / "out.dcm")


def test_an_unchanged_file_is_read_and_written_twice(real_ct: Path, tmp_path: Path) -> None:
    assert _survives(real_ct, tmp_path / "out.dcm") == 2


def test_broken_numbers_inside_sequences(make_slice: MakeSlice, tmp_path: Path) -> None:
    item = Dataset()
    item.add_new("SoftwareVersions", "LO", "1")
    path = make_slice(ContributingEquipmentSequence=Sequence([item]))
    content = path.read_bytes()
    path.write_bytes(content.replace(b"\x18\x00\x20\x10LO", b"\x18\x00\x20\x10DS"))
    assert _survives(path, tmp_path / "out.dcm") == 2
    assert np.isfinite(load(scan([path]).series[0]).volume.values).all()
