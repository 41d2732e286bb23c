"""Keeps freed memory in the process.

Slices are blocks of a megabyte, which glibc maps and unmaps each time; the page faults of that cost
more than all that is done to a slice.
"""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
_KEEP_BYTES, _PAD_BYTES, _LARGE_BYTES = 96 << 20, 16 << 20, 32 << 20

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
