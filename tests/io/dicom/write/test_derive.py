from __future__ import annotations

import numpy as np
import pytest
from pydicom.dataset import Dataset

from recon.io.dicom.write.derive import contribution, put_scaled


@pytest.mark.parametrize(("bits", "most"), [(12, 4095), (16, 65535)])
def test_relative_brightness_is_stored_in_steps_of_white_and_cut_off_where_bits_end(bits: int, most: int) -> None:
    dataset = Dataset()
    values = np.array([[0.0, 5.0, 10.0], [np.nan, 20.0, 1e9]], np.float32)
    put_scaled(dataset, values, 10.0, bits)
    stored = np.frombuffer(dataset.PixelData, "<u2").reshape(2, 3)
    np.testing.assert_array_equal(stored, [[0, 2048, 4095], [0, min(8190, most), most]])
    assert float(dataset.RescaleSlope) * 4095 == pytest.approx(10.0)
    assert (dataset.BitsStored, dataset.HighBit) == (bits, bits - 1)


def test_an_odd_number_of_bytes_is_filled_up() -> None:
    dataset = Dataset()
    put_scaled(dataset, np.ones((3, 3), np.float32), 1.0, 12)
    assert len(dataset.PixelData) == 18


def test_words_that_are_too_long_are_cut() -> None:
    made = contribution("m" * 100, "d" * 2000)
    assert (len(made.ManufacturerModelName), len(made.ContributionDescription)) == (64, 1024)
