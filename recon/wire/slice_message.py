"""Answers whose part is a slice, written and read by hand: pixels are copied once on either side.

The bytes are those that protobuf writes. What another writer has put in another way is read by protobuf.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from recon.quality.verdict import Check, verdict_of
from recon.v1 import common_pb2
from recon.wire.chunk_message import chunk_messages, chunk_reader
from recon.wire.messages import PIECE_BYTES, check_to_message, verdict_to_message
from recon.wire.planes import Plane
from recon.wire.varint import LENGTH, Foreign, fields, head

_PLANES = common_pb2.SliceResult.DESCRIPTOR.fields_by_name["planes"].number
_DATA = common_pb2.PlaneData.DESCRIPTOR.fields_by_name["data"].number
_SMALL_BYTES = 1024


@dataclass(slots=True)
class PlaneData:
    """One picture of a slice; the fields of ``recon.v1.PlaneData``."""

    plane: int
    sample_type: int
    scale: float
    data: bytes


@dataclass(slots=True)
class SliceResult:
    """The fields of ``recon.v1.SliceResult``."""

    slice_index: int
    verdict: int
    checks: Sequence[common_pb2.Check]
    planes: Sequence[PlaneData]


class SliceMessage:
    """An answer that is a slice; it can stand where protobuf's own message does."""

    __slots__ = ("slice",)

    def __init__(self, result: SliceResult) -> None:
        self.slice = result

    def WhichOneof(self, name: str) -> str:  # noqa: N802  (as protobuf has it)
        """Its only part."""
        return "slice"


def slice_messages(message: Any, index: int, planes: Sequence[Plane], checks: Sequence[Check]) -> Iterator[bytes]:
    """One finished slice: a single message where it fits, else its pixels in chunks before it.

    Parameters
    ----------
    message
        Class of the answers.
    index, planes, checks
        Of the slice; the planes are copied.

    Yields
    ------
    bytes
        Messages, encoded.
    """
    bare = sum(plane.values.nbytes for plane in planes) > PIECE_BYTES
    if bare:
        for plane in planes:
            for chunk in chunk_messages(message, index, plane.values, plane.kind):
                yield chunk.SerializeToString()
    result = common_pb2.SliceResult(
        slice_index=index,
        verdict=verdict_to_message(verdict_of(checks)),
        checks=map(check_to_message, checks),
    )
    parts: list[bytes | memoryview] = [result.SerializeToString()]
    for plane in planes:
        described = common_pb2.PlaneData(
            plane=plane.kind, sample_type=plane.sample_type, scale=plane.scale
        ).SerializeToString()
        pixels: tuple[bytes | memoryview, ...] = ()
        if not bare:
            pixels = head(_DATA, plane.values.nbytes), plane.values.data.cast("B")
        size = len(described) + sum(map(len, pixels))
        parts += head(_PLANES, size), described, *pixels
    number = message.DESCRIPTOR.fields_by_name["slice"].number
    yield b"".join((head(number, sum(map(len, parts))), *parts))


def answer_reader(message: Any) -> Callable[[bytes], Any]:
    """Reads answers of a class; slices and chunks by hand."""
    field = message.DESCRIPTOR.fields_by_name.get("slice")
    otherwise = chunk_reader(message)
    if field is None or field.message_type is not common_pb2.SliceResult.DESCRIPTOR:
        return otherwise
    tag = field.number << 3 | LENGTH

    def read(data: bytes) -> Any:
        if len(data) > _SMALL_BYTES and data[0] == tag:
            try:
                return SliceMessage(_result(data))
            except Foreign:
                pass
        return otherwise(data)

    return read


def encoded(message: Any) -> bytes:
    """A message as it travels, which it may be already."""
    return message if isinstance(message, bytes) else message.SerializeToString()


def _result(data: bytes) -> SliceResult:
    outer = list(fields(data, 0, len(data)))
    if len(outer) != 1:
        raise Foreign
    small, planes = bytearray(), []
    for number, kind, start, content, end in fields(data, outer[0][3], outer[0][4]):
        if number != _PLANES:
            small += data[start:end]
        elif kind == LENGTH:
            planes.append(_plane(data, content, end))
        else:
            raise Foreign
    result = common_pb2.SliceResult.FromString(bytes(small))
    return SliceResult(result.slice_index, result.verdict, result.checks, planes)


def _plane(data: bytes, at: int, end: int) -> PlaneData:
    small, pixels = bytearray(), b""
    for number, kind, start, content, stop in fields(data, at, end):
        if number == _DATA and kind == LENGTH:
            pixels = data[content:stop]  # samples must lie at even addresses
        else:
            small += data[start:stop]
    described = common_pb2.PlaneData.FromString(bytes(small))
    return PlaneData(described.plane, described.sample_type, described.scale, pixels)
