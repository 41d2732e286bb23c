"""Puts the chunks of a stream together into slices, in order and bounded."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from recon.errors import InvalidRequest, quoted
from recon.v1 import common_pb2
from recon.wire.chunk_message import Chunk
from recon.wire.messages import CHUNK_BYTES


class SliceAssembler:
    """Holds at most one unfinished slice.

    Parameters
    ----------
    rows, columns, slices
        Of the series.
    dtype
        Of the samples on the wire.
    name
        Of the input, which chunks may repeat.
    """

    def __init__(self, rows: int, columns: int, slices: int, dtype: np.dtype[np.generic], name: str = "") -> None:
        self.name = name
        self.shape = (rows, columns)
        self.slices = slices
        self.dtype = dtype
        self.next_slice = 0
        self._bytes = rows * columns * dtype.itemsize
        self._part = bytearray()
        self._filled = 0

    @property
    def complete(self) -> bool:
        """Whether all slices are in."""
        return self.next_slice == self.slices

    def add(self, chunk: common_pb2.Chunk | Chunk) -> npt.NDArray[Any] | None:
        """Take a chunk; returns the slice (y, x) that it completes, in the type of its samples, else None.

        Raises
        ------
        InvalidRequest
            When the chunk is not the one that must come next, or too large.
        """
        where = f"chunk at slice {chunk.slice_index}, byte {chunk.offset_bytes}"
        if chunk.input not in ("", self.name):
            raise InvalidRequest(f"{where}: input {quoted(chunk.input)}, expected {self.name!r}", field="chunk.input")
        if self.complete:
            raise InvalidRequest(f"{where}: all {self.slices} slices are in already", field="chunk")
        if chunk.slice_index != self.next_slice or chunk.offset_bytes != self._filled:
            raise InvalidRequest(
                f"{where}: expected slice {self.next_slice}, byte {self._filled}; send slices in order",
                field="chunk.slice_index",
            )
        # of a message of protobuf's, each look at the field is a copy
        data: bytes | bytearray | memoryview = chunk.data
        size = len(data)
        if not 0 < size <= CHUNK_BYTES:
            raise InvalidRequest(f"{where}: has {size} bytes; 1 to 4 MiB", field="chunk.data")
        if self._filled + size > self._bytes:
            raise InvalidRequest(f"{where}: runs over the slice's {self._bytes} bytes", field="chunk.data")
        if size < self._bytes:  # a slice that comes whole is not copied
            self._part += data
            data = self._part
        self._filled += size
        if self._filled < self._bytes:
            return None
        self._part, self._filled = bytearray(), 0
        self.next_slice += 1
        return np.frombuffer(data, self.dtype).reshape(self.shape)
