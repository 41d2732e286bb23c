"""Which files lie under the given paths; their content is not read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from recon.errors import UnreadableInput


def find_files(inputs: Sequence[Path]) -> list[Path]:
    """All files under the given files and folders, each once, hidden ones left out.

    A folder further down that can't be listed stands in the list itself, so that
    :func:`recon.io.dicom.scan` names it and everything beside it is read.

    Raises
    ------
    UnreadableInput
        When one of ``inputs`` does not exist or can't be read.
    """
    files: dict[str, Path] = {}

    def add(path: Path) -> None:
        files.setdefault(os.path.realpath(path) if path.is_symlink() else str(path.absolute()), path)

    for path in inputs:
        if not path.exists():
            raise UnreadableInput(f"{path}: no such file or folder")
        if not path.is_dir():
            add(path)
            continue

        def refuse(error: OSError, top: Path = path) -> None:
            if Path(error.filename) == top:
                raise UnreadableInput(f"{error.filename}: {error.strerror}; check its permissions")
            add(Path(error.filename))

        for folder, folders, names in os.walk(path, onerror=refuse):
            folders.sort()
            for name in sorted(names):
                if not name.startswith("."):
                    add(Path(folder) / name)
    return list(files.values())
