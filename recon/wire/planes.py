"""Pictures of a slice as bytes of a message, and back, as small as their accuracy allows."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from recon.errors import InvalidRequest
from recon.v1 import common_pb2
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


def add_image(result: common_pb2.SliceResult, values: FloatImage, *, whole_numbers: bool = False) -> None:
    """The image; as 16-bit integers where it may be rounded and they hold it, else in single precision.

    Written into the message that travels: a megabyte that is put into a message of its own first is copied again.
    """
    if whole_numbers and float(values.min()) >= -32768 and float(values.max()) <= 32767:
        return _add(result, common_pb2.PLANE_IMAGE, common_pb2.SAMPLE_TYPE_INT16, np.rint(values).astype("<i2"))
    return _add(result, common_pb2.PLANE_IMAGE, common_pb2.SAMPLE_TYPE_FLOAT32, np.ascontiguousarray(values, "<f4"))


def add_width(result: common_pb2.SliceResult, values: FloatImage, plane: PlaneOrName) -> None:
    """A picture of numbers that are not negative, as 16-bit fixed point: exact to 1/131070 of its maximum."""
    largest = float(values.max())
    if not np.isfinite(largest) or largest <= 0:
        return _add(result, plane, common_pb2.SAMPLE_TYPE_FLOAT32, np.ascontiguousarray(values, "<f4"))
    scale = float(np.float32(largest / 65535))
    # half a step up and cut off is rounding; a maximum that does not fit by a hair is clipped
    steps = values * np.float32(1 / scale)
    steps += np.float32(0.5)
    np.minimum(steps, 65535, out=steps)
    return _add(result, plane, common_pb2.SAMPLE_TYPE_UINT16, steps.astype("<u2"), scale)


def add_picture(result: common_pb2.SliceResult, values: FloatImage, plane: PlaneOrName) -> None:
    """A further picture: fixed point where no number is negative, else single precision."""
    if float(values.min()) >= 0:
        return add_width(result, values, plane)
    return _add(result, plane, common_pb2.SAMPLE_TYPE_FLOAT32, np.ascontiguousarray(values, "<f4"))


def _add(
    result: common_pb2.SliceResult,
    plane: PlaneOrName,
    kind: common_pb2.SampleType,
    values: npt.NDArray[Any],
    scale: float = 1.0,
) -> None:
    result.planes.add(plane=plane, sample_type=kind, scale=scale, data=values.tobytes())


def plane_to_image(plane: common_pb2.PlaneData, data: bytes | bytearray, shape: tuple[int, int]) -> FloatImage:
    """Values (y, x) float32 of a plane whose bytes are ``data``; never a view of memory that goes away.

    Raises
    ------
    InvalidRequest
        When the bytes are not one plane of that shape.
    """
    dtype = SAMPLE_DTYPES.get(plane.sample_type)
    if dtype is None or len(data) != shape[0] * shape[1] * dtype.itemsize:
        raise InvalidRequest(f"a plane of {len(data)} bytes is no {shape[0]}x{shape[1]} picture", field="planes")
    values = np.frombuffer(data, dtype).reshape(shape).astype(np.float32)
    if plane.sample_type == common_pb2.SAMPLE_TYPE_UINT16:
        values *= np.float32(plane.scale)
    return values
