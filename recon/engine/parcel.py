"""Values with large arrays from one process of ours to another: a file in memory that both have open."""

from __future__ import annotations

import mmap
import os
import pickle
import struct
from typing import Any

_ALIGNMENT = 64


def pack(value: Any, descriptor: int) -> None:
    """Write a value into an empty file; arrays go as they lie in memory."""
    buffers: list[pickle.PickleBuffer] = []
    body = pickle.dumps(value, 5, buffer_callback=buffers.append)
    parts = [memoryview(body), *(buffer.raw() for buffer in buffers)]
    sizes = struct.pack(f"<{len(parts) + 1}Q", len(parts), *(len(part) for part in parts))
    with open(descriptor, "wb", closefd=False) as file:
        for part in (memoryview(sizes), *parts):
            file.write(part)
            file.write(bytes(-len(part) % _ALIGNMENT))


def unpack(descriptor: int) -> Any:
    """The value; its arrays may be written to, which the file does not see."""
    memory = mmap.mmap(descriptor, os.fstat(descriptor).st_size, access=mmap.ACCESS_COPY)
    (count,) = struct.unpack_from("<Q", memory)
    sizes = struct.unpack_from(f"<{count}Q", memory, 8)
    view, start, parts = memoryview(memory), 8 * (count + 1), []
    for size in sizes:
        start += -start % _ALIGNMENT
        parts.append(view[start : start + size])
        start += size
    return pickle.loads(parts[0], buffers=parts[1:])  # noqa: S301  nobody but our own process wrote it
