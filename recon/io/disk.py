"""Writing to a disk, and what it means when that fails; decided by codes, never by words."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recon.errors import DiskFull, OutputFailed

#: How the system says that a disk, or the caller's share of it, is full.
_FULL = (errno.ENOSPC, errno.EDQUOT)
#: Libraries that swallow the system's code fail like this when no block is left.
_LEFT_BYTES = 64 * 1024


def is_full(path: Path, error: BaseException) -> bool:
    """Whether a failure to write at ``path`` came of a full disk, also where a library kept the code to itself."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, DiskFull) or (isinstance(found, OSError) and found.errno in _FULL):
            return True
        found = found.__cause__ or found.__context__
    if isinstance(error, OSError) and error.errno is not None:
        return False
    folder = next((parent for parent in (path, *path.parents) if parent.is_dir()), None)
    return folder is not None and shutil.disk_usage(folder).free < _LEFT_BYTES


def write_error(path: Path, error: BaseException) -> OutputFailed:
    """Our error for a failure to write at ``path``: :class:`DiskFull` where that is why."""
    if is_full(path, error):
        return DiskFull(f"{path}: the disk is full; free space, then resume")
    if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return OutputFailed(f"{path}: not writable; choose another folder with -o")
    words = (error.strerror if isinstance(error, OSError) else None) or str(error).partition("\n")[0]
    return OutputFailed(f"{path}: can't be written ({words})")


@contextmanager
def written(path: Path) -> Iterator[None]:
    """A block that writes at ``path``; what the system or a library says against it becomes our error.

    Raises
    ------
    DiskFull, OutputFailed
        When it can't be written.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:  # HDF5 raises both
        raise write_error(path, error) from error


def require_writable(path: Path) -> None:
    """Make the folder of a file and see that it can be written, before the work whose end it is.

    What the file holds stays as it is.

    Raises
    ------
    DiskFull, OutputFailed
        When it can't be written.
    """
    with written(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists()
        path.open("a").close()
        if is_new:
            path.unlink()
