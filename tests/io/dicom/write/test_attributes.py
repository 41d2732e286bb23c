"""Text is copied as it is written, with its character set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
import SimpleITK
from pydicom.dataset import Dataset

from recon.io.dicom.read.headers import text
from recon.io.dicom.write.attributes import raw_text, written_as
from tests.io.dicom.odd_headers import with_bytes, written

MakeSlice = Callable[..., Path]


@pytest.mark.parametrize("number", [b"456115117112105110101", b"-99999999999", b"", b"A3", b"2147483647"])
def test_a_valid_series_number_is_written(make_slice: MakeSlice, tmp_path: Path, number: bytes) -> None:
    made = written(with_bytes(make_slice(), "SeriesNumber", number), tmp_path)
    assert abs(int(made.SeriesNumber)) < 2**31


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        (b"ISO_IR 192", "Müller^Jörg".encode()),
        (b"ISO_IR 100", "Müller^Jörg".encode("latin-1")),
        (b"GB18030", "王^小东".encode("gb18030")),
        (b"\\ISO 2022 IR 87", b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B"),
        (b"ISO_IR 999", b"\xc4\xd6\xdc^x"),
        (b"", b"M\xfcller"),
    ],
)
def test_text_is_copied_as_bytes_with_its_character_set(
    make_slice: MakeSlice, tmp_path: Path, charset: bytes, name: bytes
) -> None:
    path = with_bytes(make_slice(SpecificCharacterSet="ISO_IR 100"), "SpecificCharacterSet", charset)
    for keyword in ("PatientName", "PatientID", "SeriesDescription"):
        with_bytes(path, keyword, name)
    written(path, tmp_path)
    made = pydicom.dcmread(tmp_path / "out.dcm")
    assert charset in (tmp_path / "out.dcm").read_bytes()
    for keyword, value in (("PatientName", name), ("PatientID", name)):
        assert made.get_item(keyword).value.rstrip() == value
    assert made.get_item("SeriesDescription").value.rstrip() == name + b" denoised"


def test_a_backslash_in_a_description_stays(make_slice: MakeSlice, tmp_path: Path) -> None:
    made = written(with_bytes(make_slice(), "SeriesDescription", b"HEAD 5.0\\H30s"), tmp_path)
    assert made.get_item("SeriesDescription").value.rstrip() == b"HEAD 5.0\\H30s denoised"


def test_a_long_description_is_cut_between_characters(make_slice: MakeSlice, tmp_path: Path) -> None:
    path = with_bytes(make_slice(SpecificCharacterSet="ISO_IR 192"), "SeriesDescription", ("é" * 64).encode())
    assert written(path, tmp_path).SeriesDescription == "é" * 55 + " denoised"


@pytest.mark.parametrize(
    ("charset", "raw", "expected"),
    [
        (b"", b"Axial  ", "Axial"),
        (b"", b"ORIGINAL \\PRIMARY \\AXIAL\0", "ORIGINAL\\PRIMARY\\AXIAL"),
        (b"", b"tab\there", "tab here"),
        (b"ISO_IR 100", b"Sch\xe4del", "Schädel"),
        (b"ISO_IR 192", "Schädel".encode(), "Schädel"),
        (b"\\ISO 2022 IR 87", b"\x1b$B;3ED\x1b(B", "山田"),
        (b"\\ISO 2022 IR 87", b"Yamada", "Yamada"),
    ],
)
def test_text_is_the_same_before_and_after_pydicom_converts_it(charset, raw, expected, tmp_path) -> None:
    dataset = Dataset()
    dataset["SpecificCharacterSet"] = raw_text("SpecificCharacterSet", "CS", charset)
    dataset["SeriesDescription"] = raw_text("SeriesDescription", "LO", raw)
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    written_as(dataset).save_as(tmp_path / "a.dcm")
    read = pydicom.dcmread(tmp_path / "a.dcm", force=True)
    assert text(read, "SeriesDescription") == expected
    assert read.SeriesDescription is not None  # converted now
    assert text(read, "SeriesDescription") == expected


@pytest.mark.parametrize(("stated", "kept"), [(b"SS", False), (b"OB", False), (b"LO", True), (b"UN", True)])
def test_a_value_of_another_kind_than_the_standards_costs_no_reader_the_image(
    make_slice: MakeSlice, tmp_path: Path, stated: bytes, kept: bool
) -> None:
    """GDCM, and so ITK, refuses a file whose spacing is a binary number."""
    path = make_slice(SpacingBetweenSlices="5.0")
    spacing, long = b"\x18\x00\x88\x00", stated in (b"OB", b"UN")
    head = spacing + stated + (b"\0\0\4\0\0\0" if long else b"\4\0")
    path.write_bytes(path.read_bytes().replace(spacing + b"DS\4\0", head))
    made = written(path, tmp_path)
    assert made.get("SpacingBetweenSlices") == (5.0 if kept else None)
    assert SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(tmp_path / "out.dcm"))).size == made.pixel_array.size
