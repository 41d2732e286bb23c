"""Where slices lie in the patient."""

from __future__ import annotations

import ismrmrd
import numpy as np
import pytest

from recon.physics.fourier import to_image
from tests.io.mrd.scans import Writer, X, Y, expected, oversampled, xml


def test_geometry_comes_from_the_acquisitions(writer) -> None:
    for index in range(3):
        writer.slice(oversampled(index), index)
    (series,) = writer.read()
    assert series.geometry.spacing == pytest.approx((3.0, 3.0, 5.0))
    centre = series.geometry.affine @ [32, Y // 2, 0, 1]
    np.testing.assert_allclose(centre[:3], (-10, 3, 7), atol=1e-5)
    np.testing.assert_allclose(series.geometry.affine[:3, 0], (0, 3, 0), atol=1e-6)
    np.testing.assert_allclose(series.geometry.affine[:3, 2], (5, 0, 0), atol=1e-6)


def test_slices_of_several_orientations_are_series_of_their_own(writer) -> None:
    kspace = oversampled()
    writer.slice(kspace, 0).slice(kspace, 1)
    original = Writer.add

    def turned(self, samples, line=0, slice_index=0, **more):
        acquisition = ismrmrd.Acquisition.from_array(np.ascontiguousarray(samples, np.complex64))
        acquisition.center_sample = X // 2
        acquisition.idx.kspace_encode_step_1, acquisition.idx.slice = line, slice_index
        acquisition.read_dir[:], acquisition.phase_dir[:], acquisition.slice_dir[:] = (1, 0, 0), (0, 0, 1), (0, 1, 0)
        self.data.append_acquisition(acquisition)

    Writer.add = turned
    try:
        writer.slice(kspace, 2)
    finally:
        Writer.add = original
    found = writer.read()
    assert [(series.label, series.kspace.slices) for series in found] == [("orientation0", 2), ("orientation1", 1)]


def test_slices_in_the_order_of_place_not_of_time(tmp_path) -> None:
    writer = Writer(tmp_path / "time.h5", xml())
    for number, place in enumerate((2, 0, 1)):
        for line in range(Y):
            writer.add(oversampled(place)[:, line], line, number, place=5.0 * place)
    (series,) = writer.read()
    for place in range(3):
        np.testing.assert_allclose(to_image(series.kspace.load(place).grid), expected(oversampled(place)), atol=1e-5)
    np.testing.assert_allclose(series.geometry.affine[:3, 2], (5, 0, 0), atol=1e-6)
