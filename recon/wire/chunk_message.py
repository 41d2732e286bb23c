"""Messages whose part is a chunk, written and read by hand: pixels are copied once, not four times.

The bytes are those that protobuf writes. What another writer has put in another way is read by protobuf.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from recon.v1 import common_pb2
from recon.wire.messages import PIECE_BYTES
from recon.wire.varint import LENGTH, VARINT, Foreign, fields, head, varint

_FIELDS = common_pb2.Chunk.DESCRIPTOR.fields_by_name
_INDEX, _PLANE, _OFFSET, _DATA, _INPUT = (
    _FIELDS[name].number for name in ("slice_index", "plane", "offset_bytes", "data", "input")
)
_KINDS = {_INDEX: VARINT, _PLANE: VARINT, _OFFSET: VARINT, _DATA: LENGTH, _INPUT: LENGTH}
_LARGEST = {_INDEX: 2**32, _PLANE: 2**31, _OFFSET: 2**64}
#: Below it protobuf is as fast.
_SMALL_BYTES = 1024


@dataclass(slots=True)
class Chunk:
    """A piece of a slice; the fields of ``recon.v1.Chunk``."""

    slice_index: int = 0
    plane: int = 0
    offset_bytes: int = 0
    data: bytes | memoryview = b""
    input: str = ""


class ChunkMessage:
    """A request or an answer that is a chunk; it can stand where protobuf's own message does.

    Parameters
    ----------
    number
        Of the field ``chunk`` in the message.
    chunk
        What it carries.
    """

    __slots__ = ("chunk", "number")

    def __init__(self, number: int, chunk: Chunk) -> None:
        self.number, self.chunk = number, chunk

    def WhichOneof(self, name: str) -> str:  # noqa: N802  (as protobuf has it)
        """Its only part."""
        return "chunk"

    def ByteSize(self) -> int:  # noqa: N802
        """Bytes that it brings, all but a few."""
        return len(self.chunk.data)

    def SerializeToString(self) -> bytes:  # noqa: N802
        """As protobuf writes it."""
        chunk = self.chunk
        before = b"".join(
            varint(number << 3) + varint(value)
            for number, value in ((_INDEX, chunk.slice_index), (_PLANE, chunk.plane), (_OFFSET, chunk.offset_bytes))
            if value
        )
        name = chunk.input.encode()
        after = head(_INPUT, len(name)) + name if name else b""
        if len(chunk.data):
            before += head(_DATA, len(chunk.data))
        whole = len(before) + len(chunk.data) + len(after)
        return b"".join((head(self.number, whole), before, chunk.data, after))


def chunk_messages(
    message: Any, index: int, values: npt.NDArray[Any], plane: int = 0, name: str = ""
) -> Iterator[ChunkMessage]:
    """One slice's bytes in messages of at most :data:`recon.wire.messages.PIECE_BYTES`, not copied.

    Parameters
    ----------
    message
        Class of the messages that they stand for, which have a field ``chunk``.
    index
        Of the slice.
    values
        Its samples.
    plane
        Which picture of it.
    name
        Of the input that they are of.
    """
    number = message.DESCRIPTOR.fields_by_name["chunk"].number
    data = np.ascontiguousarray(values).data.toreadonly().cast("B")
    for offset in range(0, len(data), PIECE_BYTES):
        yield ChunkMessage(number, Chunk(index, plane, offset, data[offset : offset + PIECE_BYTES], name))


def chunk_reader(message: Any) -> Callable[[bytes], Any]:
    """Reads messages of a class; those that are a chunk by hand.

    Parameters
    ----------
    message
        The class; where it has no chunk, protobuf reads it.
    """
    field = message.DESCRIPTOR.fields_by_name.get("chunk")
    if field is None or field.message_type is not common_pb2.Chunk.DESCRIPTOR:
        return message.FromString
    tag, number = field.number << 3 | LENGTH, field.number

    def read(data: bytes) -> Any:
        if len(data) > _SMALL_BYTES and data[0] == tag:
            try:
                return ChunkMessage(number, _chunk(data))
            except (Foreign, UnicodeDecodeError):
                pass
        return message.FromString(data)

    return read


def _chunk(data: bytes) -> Chunk:
    outer = list(fields(data, 0, len(data)))
    if len(outer) != 1:  # parts of a message that protobuf would merge
        raise Foreign
    chunk = Chunk()
    for number, kind, _, content, end in fields(data, outer[0][3], outer[0][4]):
        if _KINDS.get(number) != kind or (kind == VARINT and content >= _LARGEST[number]):
            raise Foreign
        if number == _INDEX:
            chunk.slice_index = content
        elif number == _PLANE:
            chunk.plane = content
        elif number == _OFFSET:
            chunk.offset_bytes = content
        elif number == _DATA:
            chunk.data = data[content:end]  # samples must lie at even addresses
        else:
            chunk.input = data[content:end].decode()
    return chunk
