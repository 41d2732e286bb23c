"""Messages out of a stream of bytes; nothing is believed, and nothing large is set aside before it has come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from recon.doors.mrd.wire import layout
from recon.doors.mrd.wire.incoming import ByteSource, Incoming
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

_MOST_TEXT_BYTES = 4 * 2**20
_MOST_READOUT_BYTES = 256 * 2**20
_MOST_IMAGE_BYTES = 2 * 2**30
_MOST_COILS = 1024
#: What the size of an acquisition follows from.
_SIZES = ("active_channels", "number_of_samples", "trajectory_dimensions")


def read_messages(source: ByteSource) -> Iterator[Message]:
    """The messages of a stream, until ``Close`` (which is the last of them) or its end between two messages.

    Raises
    ------
    Truncated
        When it ends within a message.
    InvalidRequest
        When a message has an unknown id, can't be understood, or announces an impossible size.
    """
    number, incoming = 0, Incoming(source)
    while not incoming.has_ended():
        where = f"message {number}"
        kind = int(incoming.look(2, where).view("<u2")[0])
        if kind == layout.ACQUISITION:
            block = _acquisitions(incoming, f"{where}, an acquisition")
            yield block
            number += len(block)
            continue
        read = _READERS.get(kind)
        if read is None:
            known = layout.FOREIGN.get(kind)
            raise InvalidRequest(
                f"{where} has id {kind}, {known} messages are not taken"
                if known
                else f"{where} has the unknown id {kind}; the stream is damaged or of another protocol"
            )
        incoming.take(2, where)
        message = read(incoming, where)
        yield message
        if isinstance(message, Close):
            return
        number += 1


def _acquisitions(incoming: Incoming, where: str) -> Block:
    """The next acquisition, and those of its size that came with it."""
    first = incoming.look(2 + layout.ACQUISITION_HEAD.itemsize, where)[2:].view(layout.ACQUISITION_HEAD)[0]
    if int(first["flags"]) & layout.COMPRESSED:
        raise InvalidRequest(
            f"{where}: its samples are compressed; switch the compression of raw data off (CompressionPrecision and "
            "CompressionTolerance 0)"
        )
    coils, count, dimensions = (int(first[name]) for name in _SIZES)
    if coils > _MOST_COILS or 8 * coils * count > _MOST_READOUT_BYTES or dimensions > 16:
        raise InvalidRequest(f"{where}: {coils} coils of {count} samples, trajectory of {dimensions} dimensions")
    dtype = layout.acquisition(coils, count, dimensions)
    incoming.look(dtype.itemsize, where)
    whole = incoming.available // dtype.itemsize
    rows = incoming.look(whole * dtype.itemsize, where).view(dtype)
    same = rows["id"] == layout.ACQUISITION
    for name in _SIZES:
        same &= rows["head"][name] == first[name]
    same &= (rows["head"]["flags"] & np.uint64(layout.COMPRESSED)) == 0
    rows = rows[: whole if same.all() else int(np.argmin(same))]
    incoming.take(rows.nbytes, where)
    return Block(rows["head"], rows["samples"], rows["trajectory"] if dimensions else None)


def _head(incoming: Incoming, dtype: np.dtype[Any], where: str) -> Any:
    return incoming.take(dtype.itemsize, where).view(dtype)[0]


def _words(incoming: Incoming, where: str) -> bytes:
    """A text with its length before it; many end it with a NUL that the length counts."""
    size = int(incoming.take(4, where).view("<u4")[0])
    if size > _MOST_TEXT_BYTES:
        raise InvalidRequest(f"{where}: a text of {size} bytes; at most {_MOST_TEXT_BYTES}")
    return incoming.take(size, where).tobytes().partition(b"\0")[0]


def _config_file(incoming: Incoming, where: str) -> ConfigFile:
    name = incoming.take(layout.CONFIG_FILE_BYTES, f"{where}, a configuration's name").tobytes().partition(b"\0")[0]
    return ConfigFile(name.decode("utf-8", "replace"))


def _config_text(incoming: Incoming, where: str) -> ConfigText:
    return ConfigText(_words(incoming, f"{where}, a configuration").decode("utf-8", "replace"))


def _header(incoming: Incoming, where: str) -> Header:
    return Header(_words(incoming, f"{where}, a header"))


def _text(incoming: Incoming, where: str) -> Text:
    return Text(_words(incoming, f"{where}, a text").decode("utf-8", "replace"))


def _close(incoming: Incoming, where: str) -> Close:
    return Close()


def _image(incoming: Incoming, where: str) -> Image:
    where = f"{where}, an image"
    head = _head(incoming, layout.IMAGE_HEAD, where)
    length = int(_head(incoming, layout.ATTRIBUTES_LENGTH, where))
    if length > _MOST_TEXT_BYTES:
        raise InvalidRequest(f"{where}: attributes of {length} bytes; at most {_MOST_TEXT_BYTES}")
    dtype = _pixels(int(head["data_type"]), where)
    shape = (int(head["channels"]), *(int(side) for side in head["matrix_size"][::-1]))
    size = dtype.itemsize * int(np.prod(shape, dtype=object))
    if size > _MOST_IMAGE_BYTES:
        raise InvalidRequest(f"{where}: {' x '.join(map(str, shape))} pixels; too large")
    attributes = incoming.take(length, where).tobytes().partition(b"\0")[0].decode("utf-8", "replace")
    return Image(head, attributes, incoming.take(size, where).view(dtype).reshape(shape))


def _waveform(incoming: Incoming, where: str) -> Waveform:
    where = f"{where}, a waveform"
    head = _head(incoming, layout.WAVEFORM_HEAD, where)
    channels, count = int(head["channels"]), int(head["number_of_samples"])
    if 4 * channels * count > _MOST_READOUT_BYTES:
        raise InvalidRequest(f"{where}: {channels} channels of {count} samples; too large")
    return Waveform(head, incoming.take(4 * channels * count, where).view("<u4").reshape(channels, count))


def _array(incoming: Incoming, where: str) -> NDArray:
    where = f"{where}, an array"
    head = _head(incoming, layout.ARRAY_HEAD, where)
    dtype, dimensions = _pixels(int(head["data_type"]), where), int(head["dimensions"])
    if dimensions > 16:
        raise InvalidRequest(f"{where}: {dimensions} dimensions; at most 16")
    shape = tuple(int(side) for side in incoming.take(8 * dimensions, where).view("<u8"))
    size = dtype.itemsize * int(np.prod(shape, dtype=object))
    if size > _MOST_READOUT_BYTES:
        raise InvalidRequest(f"{where}: {' x '.join(map(str, shape))} numbers; too large")
    return NDArray(incoming.take(size, where).view(dtype).reshape(shape))


def _pixels(number: int, where: str) -> np.dtype[Any]:
    if number not in layout.PIXELS:
        raise InvalidRequest(f"{where}: data type {number}; 1 to 8 are known")
    return layout.PIXELS[number]


_READERS: dict[int, Callable[[Incoming, str], Message]] = {
    layout.CONFIG_FILE: _config_file,
    layout.CONFIG_TEXT: _config_text,
    layout.HEADER: _header,
    layout.TEXT: _text,
    layout.CLOSE: _close,
    layout.IMAGE: _image,
    layout.WAVEFORM: _waveform,
    layout.ARRAY: _array,
}
