"""Bytes that came, as a message; what would take long to read is refused unread."""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError

from recon.errors import InvalidRequest

#: Smaller messages are read whatever they hold.
_SMALL = 512 << 10
#: Of a list of numbers; a message of 4 MiB holds no more than 32768 readouts.
_MOST_LIST_BYTES = 256 << 10
#: Numbers that come one by one instead of as a list take as many fields.
_MOST_FIELDS = 1000
_LENGTH, _VARINT, _EIGHT, _FOUR = 2, 0, 1, 5


def message_of(raw: bytes, kind: Any) -> Any:
    """A message of a class.

    Raises
    ------
    InvalidRequest
        When the bytes are none, or hold a list that no caller needs.
    """
    try:
        if len(raw) > _SMALL:
            _bound(memoryview(raw), kind.DESCRIPTOR)
        return kind.FromString(raw)
    except (DecodeError, IndexError) as error:
        raise InvalidRequest(f"{len(raw)} bytes are no {kind.DESCRIPTOR.name}") from error


def _bound(raw: memoryview, descriptor: Any, depth: int = 2) -> None:
    """Look at the lengths of fields; of messages in it, as deep as the parts of a stream's messages."""
    at = fields = 0
    while at < len(raw):
        tag, at = _varint(raw, at)
        field, wire = descriptor.fields_by_number.get(tag >> 3), tag & 7
        fields += 1
        if fields > _MOST_FIELDS:
            raise InvalidRequest(f"{descriptor.name} comes in more than {_MOST_FIELDS} fields; pack its lists")
        if wire == _LENGTH:
            size, at = _varint(raw, at)
            if field is not None and field.type == FieldDescriptor.TYPE_MESSAGE and depth:
                _bound(raw[at : at + size], field.message_type, depth - 1)
            elif size > _MOST_LIST_BYTES and (field is None or field.type != FieldDescriptor.TYPE_BYTES):
                name = field.name if field is not None else "an unknown field"
                raise InvalidRequest(
                    f"{name} has {size} bytes; at most {_MOST_LIST_BYTES} a message", field=name if field else ""
                )
            at += size
        elif wire == _VARINT:
            _, at = _varint(raw, at)
        elif wire in (_EIGHT, _FOUR):
            at += 8 if wire == _EIGHT else 4
        else:
            raise DecodeError


def _varint(raw: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise DecodeError
