"""Messages into bytes, in pieces that need no copy of samples or pixels."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import singledispatch
from typing import Any, TypeAlias

import numpy as np

from recon.doors.mrd.wire import layout
from recon.doors.mrd.wire.messages import (
    Block,
    Close,
    ConfigFile,
    ConfigText,
    Header,
    Image,
    Message,
    NDArray,
    Text,
    Waveform,
)
from recon.errors import InvalidRequest

Buffer: TypeAlias = bytes | memoryview


def encode(message: Message) -> Iterator[Buffer]:
    """The bytes of a message.

    Raises
    ------
    InvalidRequest
        When the message can't be written: a name or a text that is too long.
    """
    return _encode(message)


@singledispatch
def _encode(message: Any) -> Iterator[Buffer]:
    raise TypeError(f"{type(message).__name__} is no message")


@_encode.register
def _(message: ConfigFile) -> Iterator[Buffer]:
    name = message.name.encode()
    if len(name) >= layout.CONFIG_FILE_BYTES:
        raise InvalidRequest(f"a configuration's name has {len(name)} bytes; at most {layout.CONFIG_FILE_BYTES - 1}")
    yield struct.pack("<H", layout.CONFIG_FILE) + name.ljust(layout.CONFIG_FILE_BYTES, b"\0")


@_encode.register
def _(message: ConfigText) -> Iterator[Buffer]:
    # without the NUL that ends a text: parsers of XML stumble over it
    yield _lengthy(layout.CONFIG_TEXT, message.text.encode())


@_encode.register
def _(message: Header) -> Iterator[Buffer]:
    yield _lengthy(layout.HEADER, message.xml)


@_encode.register
def _(message: Text) -> Iterator[Buffer]:
    yield _lengthy(layout.TEXT, message.text.encode() + b"\0")


@_encode.register
def _(message: Close) -> Iterator[Buffer]:
    yield struct.pack("<H", layout.CLOSE)


@_encode.register
def _(message: Block) -> Iterator[Buffer]:
    if len(message) == 1:
        yield struct.pack("<H", layout.ACQUISITION) + message.heads.tobytes()
        if message.trajectories is not None:
            yield _bytes_of(message.trajectories, np.dtype("<f4"))
        yield _bytes_of(message.samples, np.dtype("<c8"))
        return
    count, coils, samples = message.samples.shape
    rows = np.empty(
        count, layout.acquisition(coils, samples, 0 if message.trajectories is None else message.trajectories.shape[2])
    )
    rows["id"], rows["head"], rows["samples"] = layout.ACQUISITION, message.heads, message.samples
    if message.trajectories is not None:
        rows["trajectory"] = message.trajectories
    yield memoryview(rows.view(np.uint8).data)


@_encode.register
def _(message: Image) -> Iterator[Buffer]:
    attributes = message.attributes.encode()
    yield b"".join(
        (struct.pack("<H", layout.IMAGE), message.head.tobytes(), struct.pack("<Q", len(attributes)), attributes)
    )
    yield _bytes_of(message.values, layout.PIXELS[int(message.head["data_type"])])


@_encode.register
def _(message: Waveform) -> Iterator[Buffer]:
    yield struct.pack("<H", layout.WAVEFORM) + message.head.tobytes()
    yield _bytes_of(message.values, np.dtype("<u4"))


@_encode.register
def _(message: NDArray) -> Iterator[Buffer]:
    dtype = message.values.dtype.newbyteorder("<")
    shape = message.values.shape
    head = struct.pack("<HHH", layout.PIXEL_NUMBERS[dtype], 0, len(shape)) + struct.pack(f"<{len(shape)}Q", *shape)
    yield struct.pack("<H", layout.ARRAY) + head
    yield _bytes_of(message.values, dtype)


def _lengthy(kind: int, words: bytes) -> bytes:
    return struct.pack("<HI", kind, len(words)) + words


def _bytes_of(values: Any, dtype: np.dtype[Any]) -> Buffer:
    plain = np.ascontiguousarray(values, dtype)
    return memoryview(plain.reshape(-1).view(np.uint8).data) if plain.size else b""
