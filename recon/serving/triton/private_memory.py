"""A /dev/shm of its own for the embedded Triton.

Triton's Python backend makes its segments readable for every user of the machine (Boost sets mode
0644 whatever the umask), and images pass through them. In a mount namespace of its own, Triton's
``/dev/shm`` is a folder that only this user may enter; the gateway reaches it under its real name.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping
from pathlib import Path

SHARED = Path("/dev/shm")  # noqa: S108

_NEW_MOUNTS, _NEW_USER = 0x00020000, 0x10000000
_BIND, _RECURSIVE, _PRIVATE = 4096, 16384, 1 << 18


def enter(folder: Path, others: Mapping[Path, Path]) -> None:
    """Called in the child before it executes: put ``folder`` in the place of ``/dev/shm``.

    Parameters
    ----------
    folder
        That only this user may enter.
    others
        Further folders, and in whose place each is put.

    Raises
    ------
    OSError
        Where the system does not allow namespaces.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.geteuid(), os.getegid()
    if user == 0:
        _check(libc.unshare(_NEW_MOUNTS))
    else:
        _check(libc.unshare(_NEW_MOUNTS | _NEW_USER))
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    _check(libc.mount(b"none", b"/", None, _RECURSIVE | _PRIVATE, None))
    for inside, place in {**others, folder: SHARED}.items():
        _check(libc.mount(os.fsencode(inside), os.fsencode(place), None, _BIND, None))


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
