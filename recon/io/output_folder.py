"""An output folder that is either whole or not there."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from recon.errors import OutputFailed


@contextmanager
def output_folder(parent: Path, name: str) -> Iterator[Path]:
    """A folder to write into; it gets its name, replacing an older one, when the block ends well.

    Raises
    ------
    OutputFailed
        When it can't be made or written: no permission, disk full. Nothing is left behind then.
    """
    target = parent / name
    working = parent / f".{name}.{os.getpid()}.partial"
    try:
        working.mkdir(parents=True)
        yield working
        if target.exists():
            old = parent / f".{name}.{os.getpid()}.old"
            os.rename(target, old)
            os.rename(working, target)
            shutil.rmtree(old)
        else:
            os.rename(working, target)
    except OSError as error:
        raise OutputFailed(f"{target}: {_reason(error)}") from error
    finally:
        shutil.rmtree(working, ignore_errors=True)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write JSON for people and machines."""
    path.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n")


def _reason(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "the disk is full; free space or choose another folder with -o"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "not writable; choose another folder with -o"
    return f"can't be written ({error.strerror or error})"
