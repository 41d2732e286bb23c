"""The few rules of protobuf's encoding that reading and writing a message by hand takes.

https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator

VARINT, LENGTH = 0, 2
_FIXED = {1: 8, 5: 4}


class Foreign(Exception):
    """Bytes that are not what they would be if this package had written them; protobuf itself can tell more."""


def varint(value: int) -> bytes:
    """A number that is not negative, seven bits a byte."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def head(number: int, size: int) -> bytes:
    """What stands before ``size`` bytes of a field."""
    return varint(number << 3 | LENGTH) + varint(size)


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at a position, and the position behind it.

    Raises
    ------
    Foreign
        When there is none.
    """
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise Foreign
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int, int, int]]:
    """The fields of a message that lies from ``at`` to ``end``.

    Yields
    ------
    tuple of int
        Number, wire type, where the field starts, where its content starts (of a number: the number itself),
        and where it ends.

    Raises
    ------
    Foreign
        When they do not end where the message does.
    """
    while at < end:
        start = at
        tag, at = read_varint(data, at)
        kind = tag & 7
        if kind == VARINT:
            content, at = read_varint(data, at)
        elif kind == LENGTH:
            size, content = read_varint(data, at)
            at = content + size
        elif kind in _FIXED:
            content, at = at, at + _FIXED[kind]
        else:
            raise Foreign
        if at > end:
            raise Foreign
        yield tag >> 3, kind, start, content, at
