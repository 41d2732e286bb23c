"""Keeps freed memory in the process, but no more of it than is of use.

Slices are blocks of a megabyte, which glibc maps and unmaps each time; the page faults of that cost
more than all that is done to a slice. So freed blocks are kept. Streams that end early leave theirs
scattered, though, and what glibc then holds grows for hours: now and then it is given back.
"""

from __future__ import annotations

import ctypes
import os
import time
from pathlib import Path

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -2, -3, -8
_KEEP_BYTES, _PAD_BYTES, _LARGE_BYTES = 96 << 20, 16 << 20, 32 << 20
#: Threads that allocate from heaps of their own keep as many times the memory.
_ARENAS = 2
_SPARE_BYTES = 32 << 20
_LEAST_PAUSE_S = 5.0

#: The same for a child process, as environment variables.
ENVIRONMENT = {
    "MALLOC_TRIM_THRESHOLD_": str(_KEEP_BYTES),
    "MALLOC_TOP_PAD_": str(_PAD_BYTES),
    "MALLOC_MMAP_THRESHOLD_": str(_LARGE_BYTES),
}


def keep_memory() -> None:
    """Tell glibc's allocator; does nothing with another C library."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)
        libc.mallopt(_TRIM_THRESHOLD, _KEEP_BYTES)
        libc.mallopt(_TOP_PAD, _PAD_BYTES)
        libc.mallopt(_ARENA_MAX, _ARENAS)


def resident_bytes() -> int:
    """What this process occupies of the machine's memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class SpareMemory:
    """Gives memory back once the process holds clearly more of it than it once did with."""

    def __init__(self) -> None:
        self._least = resident_bytes()
        self._last = 0.0
        self._libc = ctypes.CDLL(None)

    def give_back(self) -> int:
        """Where there is spare memory, hand it to the system; returns the bytes handed back.

        Takes some milliseconds: for a thread beside the event loop. Does nothing with a C library other than glibc.
        """
        before = resident_bytes()
        self._least = min(self._least, before)
        rested = time.monotonic() - self._last > _LEAST_PAUSE_S
        if before - self._least < _SPARE_BYTES or not rested or not hasattr(self._libc, "malloc_trim"):
            return 0
        self._libc.malloc_trim(0)
        self._last = time.monotonic()
        after = self._least = resident_bytes()
        return max(0, before - after)
