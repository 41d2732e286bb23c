"""Padding is found in either VR and never changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest

from recon.io.dicom import denoised_series, read_series, uncertainty_series, write_slice
from tests.conftest import body

MakeSlice = Callable[..., Path]
OUTSIDE = np.hypot(*np.mgrid[-1:1:64j, -1:1:64j]) > 1


def _slice(make_slice: MakeSlice, value: int, signed: bool, vr: str, stated: int, limit: int | None = None) -> Path:
    stored = np.rint(body(64, 10) + (0 if signed else 1024)).clip(0 if not signed else -1024)
    stored[OUTSIDE] = value
    if limit is not None:
        stored[0, :5] = (value + limit) // 2
    path = make_slice(
        size=64,
        PixelRepresentation=int(signed),
        BitsStored=16,
        HighBit=15,
        RescaleIntercept=0 if signed else -1024,
        PixelData=stored.astype("<i4").astype("<u2").tobytes(),
    )
    dataset = pydicom.dcmread(path)
    dataset.add_new("PixelPaddingValue", vr, stated)
    if limit is not None:
        dataset.add_new("PixelPaddingRangeLimit", vr, limit)
    dataset.save_as(path)
    return path


@pytest.mark.parametrize(
    ("value", "signed", "vr", "stated"),
    [
        (-32768, True, "SS", -32768),
        (-32768, True, "US", 32768),
        (-2000, True, "SS", -2000),
        (-2000, True, "US", 63536),
        (63536, False, "US", 63536),
        (63536, False, "SS", -2000),
        (5, False, "US", 5),
    ],
)
def test_padding_is_below_all_that_is_judged_and_comes_back_unchanged(
    make_slice: MakeSlice, tmp_path: Path, value: int, signed: bool, vr: str, stated: int
) -> None:
    path = _slice(make_slice, value, signed, vr, stated)
    (series,), _ = read_series([path])
    assert series.padding is not None
    expected = pydicom.dcmread(path).pixel_array == value
    assert expected.sum() >= OUTSIDE.sum()
    np.testing.assert_array_equal(series.padding[0], expected)
    assert (series.volume.values[series.padding] == -2000).all()
    moved = np.where(series.padding[0], series.volume.values[0], series.volume.values[0] - 7)
    write_slice(moved, series.sources[0], denoised_series("m", 1.0), 1, tmp_path / "out.dcm")
    made = pydicom.dcmread(tmp_path / "out.dcm")
    assert (made.pixel_array[expected] == value).all()
    assert made.PixelPaddingValue == value
    assert ("SS" if signed else "US") == made["PixelPaddingValue"].VR
    write_slice(np.full((64, 64), 5, np.float32), series.sources[0], uncertainty_series("m"), 1, tmp_path / "u.dcm")
    assert (pydicom.dcmread(tmp_path / "u.dcm").pixel_array[expected] == 0).all()


def test_a_range_of_padding(make_slice: MakeSlice) -> None:
    path = _slice(make_slice, -3000, True, "SS", -3000, limit=-2000)
    (series,), _ = read_series([path])
    assert series.padding is not None
    assert series.padding[0, 0, :5].all()
    assert series.padding.sum() == OUTSIDE.sum() + (~OUTSIDE[0, :5]).sum()


def test_padding_in_the_unused_bits(make_slice: MakeSlice, tmp_path: Path) -> None:
    stored = np.full((64, 64), 1000, "<u2")
    stored[OUTSIDE] = 63536
    path = make_slice(size=64, PixelData=stored.tobytes(), PixelPaddingValue=63536)
    (series,), _ = read_series([path])
    np.testing.assert_array_equal(series.padding, OUTSIDE[None])
    write_slice(series.volume.values[0], series.sources[0], denoised_series("m", 0.0), 1, tmp_path / "out.dcm")
    np.testing.assert_array_equal(pydicom.dcmread(tmp_path / "out.dcm").pixel_array, stored)


def test_what_lies_outside_the_field_of_view_undeclared_is_not_changed_either(
    make_slice: MakeSlice, tmp_path: Path
) -> None:
    stored = np.full((64, 64), 40, "<i2")
    stored[OUTSIDE] = -3024
    path = make_slice(
        size=64, PixelRepresentation=1, BitsStored=16, HighBit=15, RescaleIntercept=0, PixelData=stored.tobytes()
    )
    (series,), _ = read_series([path])
    assert series.padding is None
    write_slice(series.volume.values[0] - 9, series.sources[0], denoised_series("m", 1.0), 1, tmp_path / "out.dcm")
    np.testing.assert_array_equal(pydicom.dcmread(tmp_path / "out.dcm").pixel_array, np.where(OUTSIDE, -3024, 31))
