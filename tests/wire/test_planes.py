"""Pictures as bytes: exact where they are whole, within half a step where they are fixed point."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from recon.errors import InvalidRequest
from recon.v1 import common_pb2
from recon.values.fixed_point import FixedPoint
from recon.wire.planes import Plane, image_plane, plane_to_image, require_input_type, width_plane

pictures = arrays.arrays(
    np.float32, arrays.array_shapes(min_dims=2, max_dims=2, max_side=6), elements=st.floats(0, 2**40, width=32)
)


def received(plane: Plane) -> np.ndarray:
    message = SimpleNamespace(sample_type=plane.sample_type, scale=np.float32(plane.scale))
    return plane_to_image(message, plane.values.tobytes(), plane.values.shape)


@given(pictures)
@example(np.array([[8.911e-42, 0.0]], np.float32))
@example(np.array([[1e-36, 3e-37]], np.float32))
def test_widths_are_right_to_half_a_step(values: np.ndarray) -> None:
    plane = width_plane(values, "PLANE_UNCERTAINTY")
    assert plane.kind == common_pb2.PLANE_UNCERTAINTY
    largest = float(values.max())
    assert np.abs(received(plane).astype(np.float64) - values).max() <= 0.5001 * largest / 65535 + 1e-6 * largest


def test_widths_that_nobody_knows_stay_unknown() -> None:
    values = np.array([[np.nan, 1.0]], np.float32)
    plane = width_plane(values, common_pb2.PLANE_UNCERTAINTY)
    assert plane.sample_type == common_pb2.SAMPLE_TYPE_FLOAT32
    np.testing.assert_array_equal(received(plane), values)


def test_fixed_point_travels_as_it_is() -> None:
    width = FixedPoint(np.array([[0, 1, 65535]], np.uint16), 0.055)
    np.testing.assert_array_equal(received(width_plane(width, "PLANE_UNCERTAINTY")), width.values)


@pytest.mark.parametrize(
    ("values", "whole", "kind"),
    [
        (np.array([[-1000, 3000]], np.int16), False, common_pb2.SAMPLE_TYPE_INT16),
        (np.array([[-32768.4, 32767.0]], np.float32), True, common_pb2.SAMPLE_TYPE_FLOAT32),
        (np.array([[-1000.4, 3000.2]], np.float32), True, common_pb2.SAMPLE_TYPE_INT16),
        (np.array([[-1000.4, 3000.2]], np.float32), False, common_pb2.SAMPLE_TYPE_FLOAT32),
        (np.array([[0.0, 40000.0]], np.float32), True, common_pb2.SAMPLE_TYPE_FLOAT32),
    ],
)
def test_images_are_whole_numbers_only_where_they_may_be_and_fit(values: np.ndarray, whole: bool, kind: int) -> None:
    plane = image_plane(values, whole_numbers=whole)
    assert plane.sample_type == kind
    assert np.abs(received(plane) - values).max() <= (0.5 if kind == common_pb2.SAMPLE_TYPE_INT16 else 0)


def test_bytes_of_another_size_are_no_picture() -> None:
    plane = image_plane(np.zeros((2, 3), np.float32))
    with pytest.raises(InvalidRequest, match="no 2x4 picture"):
        plane_to_image(SimpleNamespace(sample_type=plane.sample_type, scale=1.0), plane.values.tobytes(), (2, 4))


def test_images_are_not_sent_as_complex_numbers() -> None:
    assert require_input_type(common_pb2.SAMPLE_TYPE_INT16) == np.dtype("<i2")
    for other in (common_pb2.SAMPLE_TYPE_COMPLEX64, common_pb2.SAMPLE_TYPE_UNSPECIFIED, 99):
        with pytest.raises(InvalidRequest, match="FLOAT32, INT16 or FLOAT16"):
            require_input_type(other)
