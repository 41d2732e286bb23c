"""Stored pixels in every storage: the right HU, and the stored values back at no change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom.uid import ExplicitVRBigEndian

from recon.io.dicom import Kind, denoised_series, load, read_series, scan, write_slice
from tests.conftest import read_hu

MakeSlice = Callable[..., Path]
STORED = np.random.default_rng(3).integers(0, 4096, (64, 64))


def _back(path: Path, tmp_path: Path) -> tuple[np.ndarray, pydicom.Dataset]:
    """HU of a file, and what is written from it at no change."""
    (series,), skipped = read_series([path])
    assert skipped == []
    out = tmp_path / "out.dcm"
    write_slice(series.volume.values[0], series.sources[0], denoised_series("m", 0.0), 1, out)
    return series.volume.values[0], pydicom.dcmread(out)


@pytest.mark.parametrize("allocated", [8, 16, 32])
@pytest.mark.parametrize("signed", [0, 1])
def test_containers(make_slice: MakeSlice, tmp_path: Path, allocated: int, signed: int) -> None:
    bits = {8: 8, 16: 12, 32: 20}[allocated]
    values = STORED % 2 ** (bits - 1) - (2 ** (bits - 2) if signed else 0)
    pixels = values.astype(f"<{'i' if signed else 'u'}{allocated // 8}").tobytes()
    path = make_slice(
        size=64,
        BitsAllocated=allocated,
        BitsStored=bits,
        HighBit=bits - 1,
        PixelRepresentation=signed,
        PixelData=pixels,
    )
    hu, made = _back(path, tmp_path)
    np.testing.assert_array_equal(hu, values - 1024)
    np.testing.assert_array_equal(made.pixel_array, values)
    image = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(tmp_path / "out.dcm")))[0]
    np.testing.assert_array_equal(image, values - 1024)


def test_high_bit_above_the_stored_bits_means_shifted_values(make_slice: MakeSlice, tmp_path: Path) -> None:
    path = make_slice(size=64, HighBit=15, PixelData=(STORED << 4).astype("<u2").tobytes())
    hu, made = _back(path, tmp_path)
    np.testing.assert_array_equal(hu, STORED - 1024)
    np.testing.assert_array_equal(made.pixel_array, STORED)
    assert made.HighBit == made.BitsStored - 1


@pytest.mark.parametrize("overlay", [True, False])
def test_unused_high_bits_are_no_part_of_the_value(make_slice: MakeSlice, tmp_path: Path, overlay: bool) -> None:
    path = make_slice(size=64, PixelData=(STORED | 0x3000).astype("<u2").tobytes())
    if overlay:
        dataset = pydicom.dcmread(path)
        for element, vr, value in (
            (0x10, "US", 64),
            (0x11, "US", 64),
            (0x40, "CS", "G"),
            (0x50, "SS", [1, 1]),
            (0x100, "US", 16),
            (0x102, "US", 12),
        ):
            dataset.add_new((0x6000, element), vr, value)
        dataset.save_as(path)
    hu, made = _back(path, tmp_path)
    np.testing.assert_array_equal(hu, STORED - 1024)
    np.testing.assert_array_equal(made.pixel_array, STORED)
    assert (0x6000, 0x0102) not in made
    notes = read_series([path])[0][0].notes
    assert [("bits above HighBit" in note) for note in notes] == ([] if overlay else [True])


def test_signed_values_without_sign_extension(make_slice: MakeSlice, tmp_path: Path) -> None:
    values = STORED - 2048
    path = make_slice(
        size=64, PixelRepresentation=1, RescaleIntercept=0, PixelData=(values & 0xFFF).astype("<u2").tobytes()
    )
    hu, made = _back(path, tmp_path)
    np.testing.assert_array_equal(hu, values)
    np.testing.assert_array_equal(made.pixel_array, values)


def test_big_endian(make_slice: MakeSlice, tmp_path: Path) -> None:
    path = make_slice(size=64, PixelData=STORED.astype(">u2").tobytes())
    dataset = pydicom.dcmread(path)
    dataset.PixelPaddingValue = 4095
    plain = pydicom.Dataset()
    for element in dataset:
        plain.add(element)
    plain.file_meta = dataset.file_meta
    plain.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    plain.save_as(path, enforce_file_format=True)
    hu, made = _back(path, tmp_path)
    np.testing.assert_array_equal(hu[STORED != 4095], (STORED - 1024)[STORED != 4095])
    np.testing.assert_array_equal(made.pixel_array, STORED)
    assert made.PixelPaddingValue == 4095
    assert made.file_meta.TransferSyntaxUID.is_little_endian


@pytest.mark.parametrize("implicit", [True, False])
def test_no_preamble_and_no_meta_header(make_slice: MakeSlice, tmp_path: Path, implicit: bool) -> None:
    path = make_slice(size=64, PixelData=STORED.astype("<u2").tobytes())
    dataset = pydicom.dcmread(path)
    del dataset.file_meta
    dataset.preamble = None
    dataset.save_as(path, implicit_vr=implicit, little_endian=True, enforce_file_format=False)
    hu, made = _back(path, tmp_path)
    np.testing.assert_array_equal(hu, STORED - 1024)
    np.testing.assert_array_equal(made.pixel_array, STORED)


def test_monochrome1_keeps_its_polarity(make_slice: MakeSlice, tmp_path: Path) -> None:
    path = make_slice(PhotometricInterpretation="MONOCHROME1")
    hu, made = _back(path, tmp_path)
    np.testing.assert_array_equal(hu, read_hu(path))
    assert made.PhotometricInterpretation == "MONOCHROME1"


def test_rescale_of_every_slice_is_its_own_and_negative_slopes_hold(make_slice: MakeSlice, tmp_path: Path) -> None:
    slopes = (1, 0.5, -1.5)
    for index, slope in enumerate(slopes):
        path = make_slice(f"{index}.dcm", z=index, RescaleSlope=slope, RescaleIntercept=2000 if slope < 0 else -1024)
    (series,), _ = read_series(sorted(path.parent.iterdir()))
    for index, source in enumerate(series.sources):
        np.testing.assert_array_equal(series.volume.values[index], read_hu(source.path))
        out = tmp_path / f"{index}.dcm"
        changed = series.volume.values[index] + np.float32(3.3)
        write_slice(changed, source, denoised_series("m", 1.0), 1, out)
        inside = changed <= read_hu(source.path).max()
        assert np.abs(read_hu(out) - changed)[inside].max() <= abs(slopes[index]) / 2 + 1e-4


def test_a_classic_multi_frame_file_gives_all_its_frames(make_slice: MakeSlice, tmp_path: Path) -> None:
    frames = np.stack([STORED, STORED[::-1], STORED.T]).astype("<u2")
    path = make_slice(size=64, NumberOfFrames=3, SpacingBetweenSlices=2.0, PixelData=frames.tobytes())
    (series,), _ = read_series([path])
    np.testing.assert_array_equal(series.volume.values, frames.astype(np.float32) - 1024)
    assert series.volume.geometry.spacing == pytest.approx((0.7, 0.8, 2.0))
    write_slice(series.volume.values[2], series.sources[2], denoised_series("m", 0.0), 3, tmp_path / "out.dcm")
    made = pydicom.dcmread(tmp_path / "out.dcm")
    np.testing.assert_array_equal(made.pixel_array, frames[2])
    assert "NumberOfFrames" not in made
    assert list(made.ImagePositionPatient) == [-50, -60, 4]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"BitsAllocated": 64}, "BitsAllocated"),
        ({"BitsAllocated": 12}, "BitsAllocated"),
        ({"BitsStored": 17}, "BitsStored"),
        ({"HighBit": 5}, "HighBit"),
        ({"PixelRepresentation": 2}, "PixelRepresentation"),
        ({"PixelData": bytes(2 * 3 * 128 * 128)}, "NumberOfFrames"),
        ({"NumberOfFrames": 2, "PixelData": bytes(2 * 2 * 128 * 128)}, "SpacingBetweenSlices"),
    ],
)
def test_what_can_not_be_read_is_refused_by_the_name_of_its_attribute(
    make_slice: MakeSlice, changes: dict[str, object], named: str
) -> None:
    series, skipped = read_series([make_slice(**changes)])
    assert series == []
    assert named in skipped[0].reason
    assert skipped[0].kind is not Kind.OTHER


def test_a_slice_that_can_not_be_decoded_is_lost_and_counted(make_slice: MakeSlice) -> None:
    for index in range(4):
        path = make_slice(f"{index}.dcm", z=3.0 * index, **({"HighBit": 5} if index == 3 else {}))
    series = load(scan(sorted(path.parent.iterdir())).series[0])
    assert series.volume.shape[0] == 3
    assert [Path(item.path).name for item in series.skipped] == ["3.dcm"]
    assert {check.name: check.value for check in series.checks}["slices_lost"] == 1
