"""Slices on their way to the browser."""

from __future__ import annotations

import struct

import numpy as np

from recon.doors.view.frames import MISSING, frame
from tests.conftest import body


def unpacked(data: bytes) -> np.ndarray:
    slope, intercept, rows, columns = struct.unpack_from("<ffII", data)
    steps = np.frombuffer(data, "<i2", offset=16).reshape(rows, columns)
    return np.where(steps == MISSING, np.nan, intercept + slope * steps.astype(np.float64))


def test_a_slice_on_the_wire_is_the_slice_on_disk() -> None:
    image = body(64, 20)
    image[3, 4] = np.nan
    found = unpacked(frame(image))
    assert np.isnan(found[3, 4])
    assert np.nanmax(np.abs(found - image)) < 0.02  # HU
    assert np.array_equal(unpacked(frame(np.full((4, 5), 7, np.float32))), np.full((4, 5), 7))
    assert np.isnan(unpacked(frame(np.full((2, 2), np.nan, np.float32)))).all()
