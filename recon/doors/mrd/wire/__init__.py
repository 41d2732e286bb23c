"""Messages of the raw data protocol, version 1, read from and written to a stream of bytes."""

from recon.doors.mrd.wire.incoming import ByteSource, Truncated
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
from recon.doors.mrd.wire.reader import read_messages
from recon.doors.mrd.wire.writer import encode

__all__ = [
    "Block",
    "ByteSource",
    "Close",
    "ConfigFile",
    "ConfigText",
    "Header",
    "Image",
    "Message",
    "NDArray",
    "Text",
    "Truncated",
    "Waveform",
    "encode",
    "read_messages",
]
