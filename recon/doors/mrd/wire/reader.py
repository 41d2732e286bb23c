"""Messages out of a stream of bytes; nothing is believed, and nothing large is set aside before it has come."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np

from recon.doors.mrd.wire import layout
from recon.doors.mrd.wire.messages import (
    Acquisition,
    Array,
    Close,
    ConfigFile,
    ConfigText,
    Header,
    Image,
    Message,
    Text,
    Waveform,
)
from recon.errors import InvalidRequest, UnreadableInput

_MOST_TEXT_BYTES = 4 * 2**20
_MOST_READOUT_BYTES = 256 * 2**20
_MOST_IMAGE_BYTES = 2 * 2**30
_MOST_COILS = 1024
_AT_ONCE_BYTES = 4 * 2**20


class ByteSource(Protocol):
    """Where bytes come from: a socket's or a pipe's file, or a file."""

    @property
    def readinto(self) -> Callable[[Any], int | None]:
        """Fills as much of a buffer as there is; 0 at the end."""


class Truncated(UnreadableInput):
    """The stream ended within a message."""


class _Ended(Exception):
    """The stream ended before anything of a message had come."""


def read_messages(source: ByteSource) -> Iterator[Message]:
    """The messages of a stream, until ``Close`` (which is the last of them) or its end between two messages.

    Raises
    ------
    Truncated
        When it ends within a message.
    InvalidRequest
        When a message has an unknown id, can't be understood, or announces an impossible size.
    """
    number = 0
    while True:
        try:
            (kind,) = struct.unpack("<H", _take(source, 2, f"message {number}", between=True))
        except _Ended:
            return
        where = f"message {number}"
        read = _READERS.get(kind)
        if read is None:
            known = layout.FOREIGN.get(kind)
            raise InvalidRequest(
                f"{where} has id {kind}, {known} messages are not taken"
                if known
                else f"{where} has the unknown id {kind}; the stream is damaged or of another protocol"
            )
        message = read(source, where)
        yield message
        if isinstance(message, Close):
            return
        number += 1


def _take(source: ByteSource, size: int, where: str, *, between: bool = False) -> bytearray:
    """Exactly so many bytes."""
    taken = bytearray(min(size, _AT_ONCE_BYTES))
    filled = 0
    while filled < size:
        if filled == len(taken):
            taken += bytes(min(size - filled, _AT_ONCE_BYTES))
        with memoryview(taken) as view:
            count = source.readinto(view[filled:])
        if not count:
            if between and not filled:
                raise _Ended
            raise Truncated(f"the stream ended within {where}")
        filled += count
    return taken


def _head(source: ByteSource, dtype: np.dtype[Any], where: str) -> Any:
    return np.frombuffer(_take(source, dtype.itemsize, where), dtype)[0]


def _words(source: ByteSource, where: str) -> bytes:
    """A text with its length before it; many end it with a NUL that the length counts."""
    (size,) = struct.unpack("<I", _take(source, 4, where))
    if size > _MOST_TEXT_BYTES:
        raise InvalidRequest(f"{where}: a text of {size} bytes; at most {_MOST_TEXT_BYTES}")
    return bytes(_take(source, size, where)).partition(b"\0")[0]


def _config_file(source: ByteSource, where: str) -> ConfigFile:
    name = bytes(_take(source, layout.CONFIG_FILE_BYTES, f"{where}, a configuration's name")).partition(b"\0")[0]
    return ConfigFile(name.decode("utf-8", "replace"))


def _config_text(source: ByteSource, where: str) -> ConfigText:
    return ConfigText(_words(source, f"{where}, a configuration").decode("utf-8", "replace"))


def _header(source: ByteSource, where: str) -> Header:
    return Header(_words(source, f"{where}, a header"))


def _text(source: ByteSource, where: str) -> Text:
    return Text(_words(source, f"{where}, a text").decode("utf-8", "replace"))


def _close(source: ByteSource, where: str) -> Close:
    return Close()


def _acquisition(source: ByteSource, where: str) -> Acquisition:
    where = f"{where}, an acquisition"
    head = _head(source, layout.ACQUISITION_HEAD, where)
    if int(head["flags"]) & layout.COMPRESSED:
        raise InvalidRequest(
            f"{where}: its samples are compressed; switch the compression of raw data off (CompressionPrecision and "
            "CompressionTolerance 0)"
        )
    coils, count = int(head["active_channels"]), int(head["number_of_samples"])
    dimensions = int(head["trajectory_dimensions"])
    size = 8 * coils * count
    if coils > _MOST_COILS or size > _MOST_READOUT_BYTES or dimensions > 16:
        raise InvalidRequest(f"{where}: {coils} coils of {count} samples, trajectory of {dimensions} dimensions")
    path = np.frombuffer(_take(source, 4 * dimensions * count, where), "<f4").reshape(count, dimensions)
    samples = np.frombuffer(_take(source, size, where), "<c8").reshape(coils, count)
    return Acquisition(head, samples, path if dimensions else None)


def _image(source: ByteSource, where: str) -> Image:
    where = f"{where}, an image"
    head = _head(source, layout.IMAGE_HEAD, where)
    (length,) = np.frombuffer(_take(source, layout.ATTRIBUTES_LENGTH.itemsize, where), layout.ATTRIBUTES_LENGTH)
    if length > _MOST_TEXT_BYTES:
        raise InvalidRequest(f"{where}: attributes of {length} bytes; at most {_MOST_TEXT_BYTES}")
    dtype = _pixels(int(head["data_type"]), where)
    shape = (int(head["channels"]), *(int(side) for side in head["matrix_size"][::-1]))
    size = dtype.itemsize * int(np.prod(shape, dtype=object))
    if size > _MOST_IMAGE_BYTES:
        raise InvalidRequest(f"{where}: {' x '.join(map(str, shape))} pixels; too large")
    attributes = bytes(_take(source, int(length), where)).partition(b"\0")[0].decode("utf-8", "replace")
    return Image(head, attributes, np.frombuffer(_take(source, size, where), dtype).reshape(shape))


def _waveform(source: ByteSource, where: str) -> Waveform:
    where = f"{where}, a waveform"
    head = _head(source, layout.WAVEFORM_HEAD, where)
    channels, count = int(head["channels"]), int(head["number_of_samples"])
    if 4 * channels * count > _MOST_READOUT_BYTES:
        raise InvalidRequest(f"{where}: {channels} channels of {count} samples; too large")
    return Waveform(head, np.frombuffer(_take(source, 4 * channels * count, where), "<u4").reshape(channels, count))


def _array(source: ByteSource, where: str) -> Array:
    where = f"{where}, an array"
    head = _head(source, layout.ARRAY_HEAD, where)
    dtype, dimensions = _pixels(int(head["data_type"]), where), int(head["dimensions"])
    if dimensions > 16:
        raise InvalidRequest(f"{where}: {dimensions} dimensions; at most 16")
    shape = tuple(int(side) for side in np.frombuffer(_take(source, 8 * dimensions, where), "<u8"))
    size = dtype.itemsize * int(np.prod(shape, dtype=object))
    if size > _MOST_READOUT_BYTES:
        raise InvalidRequest(f"{where}: {' x '.join(map(str, shape))} numbers; too large")
    return Array(np.frombuffer(_take(source, size, where), dtype).reshape(shape))


def _pixels(number: int, where: str) -> np.dtype[Any]:
    if number not in layout.PIXELS:
        raise InvalidRequest(f"{where}: data type {number}; 1 to 8 are known")
    return layout.PIXELS[number]


_READERS: dict[int, Callable[[ByteSource, str], Message]] = {
    layout.CONFIG_FILE: _config_file, layout.CONFIG_TEXT: _config_text, layout.HEADER: _header, layout.TEXT: _text,
    layout.CLOSE: _close, layout.ACQUISITION: _acquisition, layout.IMAGE: _image, layout.WAVEFORM: _waveform,
    layout.ARRAY: _array,
}  # fmt: skip
