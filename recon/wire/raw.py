"""Reads what came; what would take long to read is refused unread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError

from recon.errors import InvalidRequest
from recon.wire.chunk_message import chunk_reader
from recon.wire.varint import LENGTH, Foreign, fields

#: Smaller messages are read whatever they hold.
_SMALL = 1100 << 10
#: Of a list of numbers; a message of 4 MiB holds no more than 32768 readouts.
_MOST_LIST_BYTES = 256 << 10
#: Numbers that come one by one instead of as a list take as many fields.
_MOST_FIELDS = 1000


def request_reader(message: Any) -> Callable[[bytes], Any]:
    """Reads messages of a class.

    Returns
    -------
    callable
        Of bytes. It returns the message, or the ``InvalidRequest`` that says why it is none: what gRPC's own
        machinery is told of a failure, no caller is.
    """
    read = chunk_reader(message)

    def bounded(data: bytes) -> Any:
        try:
            if len(data) > _SMALL:
                _bound(data, 0, len(data), message.DESCRIPTOR, 2)
            return read(data)
        except InvalidRequest as error:
            return error
        except (DecodeError, Foreign):
            return InvalidRequest(f"{len(data)} bytes are no {message.DESCRIPTOR.name}")

    return bounded


def _bound(data: bytes, at: int, end: int, descriptor: Any, depth: int) -> None:
    """Look at the sizes of fields; of messages in it, as deep as the parts of a stream's messages."""
    for count, (number, kind, _, content, stop) in enumerate(fields(data, at, end), 1):
        if count > _MOST_FIELDS:
            raise InvalidRequest(f"{descriptor.name} comes in more than {_MOST_FIELDS} fields; pack its lists")
        if kind != LENGTH:
            continue
        field = descriptor.fields_by_number.get(number)
        if field is not None and field.type == FieldDescriptor.TYPE_MESSAGE and depth:
            _bound(data, content, stop, field.message_type, depth - 1)
        elif stop - content > _MOST_LIST_BYTES and (field is None or field.type != FieldDescriptor.TYPE_BYTES):
            name = "an unknown field" if field is None else field.name
            raise InvalidRequest(
                f"{name} has {stop - content} bytes; at most {_MOST_LIST_BYTES} a message",
                field="" if field is None else field.name,
            )
