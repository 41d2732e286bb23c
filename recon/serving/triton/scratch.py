"""A folder that the embedded Triton can work in: its paths take no blanks, only ASCII, and sockets are short."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from recon.errors import ServiceUnavailable

#: What may stand before the name of a socket (107 bytes in all) and its folder's own.
_LONGEST = 70
#: Triton's Python backend makes a folder here, wherever TMPDIR points.
TEMPORARY = Path("/tmp")  # noqa: S108


def is_plain(path: Path) -> bool:
    """Whether Triton takes a path as it is."""
    text = str(path)
    return text.isascii() and not any(letter.isspace() or letter in "\"'\\," for letter in text)


def make_scratch(prefix: str = "recon-") -> Path:
    """A new folder (mode 0700): in the temporary folder where that will do, else in another one.

    Raises
    ------
    ServiceUnavailable
        Naming the folders, when there is none.
    """
    tried = []
    for folder in _candidates():
        if not is_plain(folder) or len(os.fsencode(folder)) > _LONGEST:
            tried.append(f"{folder} (blanks, letters beyond ASCII, or longer than {_LONGEST})")
            continue
        try:
            return Path(tempfile.mkdtemp(prefix=prefix, dir=folder))
        except OSError as error:
            tried.append(f"{folder} ({error.strerror})")
    raise ServiceUnavailable(f"no temporary folder for the embedded Triton: {'; '.join(tried)}; set TMPDIR to another")


def is_writable(folder: Path) -> bool:
    """Whether a file can be made there, now."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _candidates() -> Iterator[Path]:
    given = [os.environ.get(name) for name in ("TMPDIR", "XDG_RUNTIME_DIR")]
    known = [Path(text).absolute() for text in given if text]
    yield from dict.fromkeys([*known, TEMPORARY, Path("/var/tmp"), Path("/dev/shm")])  # noqa: S108
