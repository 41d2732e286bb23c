"""Pictures of a slice as bytes of a message, and back, as small as their accuracy allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from recon.errors import InvalidRequest
from recon.v1 import common_pb2
from recon.values.fixed_point import FixedPoint
from recon.volumes import FloatImage

SAMPLE_DTYPES: dict[int, np.dtype[Any]] = {
    common_pb2.SAMPLE_TYPE_FLOAT32: np.dtype("<f4"),
    common_pb2.SAMPLE_TYPE_INT16: np.dtype("<i2"),
    common_pb2.SAMPLE_TYPE_FLOAT16: np.dtype("<f2"),
    common_pb2.SAMPLE_TYPE_UINT16: np.dtype("<u2"),
    common_pb2.SAMPLE_TYPE_COMPLEX64: np.dtype("<c8"),
}
#: What a series may be sent as.
INPUT_TYPES = (
    common_pb2.SAMPLE_TYPE_FLOAT32,
    common_pb2.SAMPLE_TYPE_INT16,
    common_pb2.SAMPLE_TYPE_FLOAT16,
)
#: One of ``common.proto``'s planes, or its name there.
PlaneOrName: TypeAlias = "common_pb2.Plane | str"


def require_input_type(sample_type: int) -> np.dtype[Any]:
    """The type of the samples that a header announces.

    Raises
    ------
    InvalidRequest
        When images are not sent like that.
    """
    if sample_type not in INPUT_TYPES:
        raise InvalidRequest("sample_type must be FLOAT32, INT16 or FLOAT16", field="sample_type")
    return SAMPLE_DTYPES[sample_type]


@dataclass(frozen=True)
class Plane:
    """A picture as it travels.

    Attributes
    ----------
    kind
        Which one.
    values
        (y, x), contiguous, in the type of the samples.
    sample_type
        Of them.
    scale
        What a sample is multiplied by.
    """

    kind: common_pb2.Plane
    values: npt.NDArray[Any]
    sample_type: common_pb2.SampleType
    scale: float = 1.0


def image_plane(values: npt.NDArray[Any], *, whole_numbers: bool = False) -> Plane:
    """The image; as 16-bit integers where it is, or may be rounded to them and they hold it, else in single precision.

    Parameters
    ----------
    values
        (y, x) int16 or floating point.
    whole_numbers
        Whether it may be rounded.
    """
    kind = common_pb2.PLANE_IMAGE
    if values.dtype == np.int16:
        return Plane(kind, np.ascontiguousarray(values, "<i2"), common_pb2.SAMPLE_TYPE_INT16)
    if whole_numbers and float(values.min()) >= -32768 and float(values.max()) <= 32767:
        return Plane(kind, np.rint(values).astype("<i2"), common_pb2.SAMPLE_TYPE_INT16)
    return _single(kind, values)


def width_plane(values: FloatImage | FixedPoint, plane: PlaneOrName) -> Plane:
    """A picture of numbers that are not negative, as 16-bit fixed point.

    What is fixed point already travels as it is, other numbers exact to 1/131070 of their maximum.
    """
    kind = cast("common_pb2.Plane", common_pb2.Plane.Value(plane)) if isinstance(plane, str) else plane
    if isinstance(values, FixedPoint):
        steps = np.ascontiguousarray(values.steps, "<u2")
        return Plane(kind, steps, common_pb2.SAMPLE_TYPE_UINT16, values.step)
    largest = float(values.max())
    if not np.isfinite(largest) or largest <= 0 or float(values.min()) < 0:
        return _single(kind, values)
    scale = float(np.float32(largest / 65535))
    if scale < np.finfo(np.float32).tiny:  # so little that its steps have no exact size, or none
        return _single(kind, values)
    # half a step up and cut off is rounding; a maximum that does not fit by a hair is clipped
    fixed = values * np.float32(1 / scale)
    fixed += np.float32(0.5)
    np.minimum(fixed, 65535, out=fixed)
    return Plane(kind, fixed.astype("<u2"), common_pb2.SAMPLE_TYPE_UINT16, scale)


def _single(kind: common_pb2.Plane, values: FloatImage) -> Plane:
    return Plane(kind, np.ascontiguousarray(values, "<f4"), common_pb2.SAMPLE_TYPE_FLOAT32)


def plane_to_image(plane: Any, data: bytes | bytearray, shape: tuple[int, int]) -> FloatImage:
    """Values (y, x) float32 of a plane whose bytes are ``data``; never a view of memory that goes away.

    Raises
    ------
    InvalidRequest
        When the bytes are not one plane of that shape.
    """
    dtype = SAMPLE_DTYPES.get(plane.sample_type)
    if dtype is None or len(data) != shape[0] * shape[1] * dtype.itemsize:
        raise InvalidRequest(f"a plane of {len(data)} bytes is no {shape[0]}x{shape[1]} picture", field="planes")
    values = np.frombuffer(data, dtype).reshape(shape)
    if plane.sample_type == common_pb2.SAMPLE_TYPE_UINT16:
        return np.multiply(values, np.float32(plane.scale), dtype=np.float32)
    return values.astype(np.float32)
