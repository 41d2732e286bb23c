"""A k-space file of any format as the series that it holds."""

from __future__ import annotations

from pathlib import Path

from recon.errors import UnreadableInput
from recon.io.formats import Content, OpenedKSpace, open_files
from recon.io.kspace.series import KSpaceSeries


def read_mr(path: Path) -> list[KSpaceSeries]:
    """All series of a file; k-space is loaded when it is asked for.

    Raises
    ------
    UnreadableInput
        When it holds no k-space, or is damaged.
    """
    if not path.exists():
        raise UnreadableInput(f"{path}: no such file")
    found: list[KSpaceSeries] = []
    for one in open_files([path], (Content.KSPACE,)):
        if not isinstance(one, OpenedKSpace):
            reason = getattr(one, "reason", "no k-space").removeprefix(f"{path}: ")
            raise UnreadableInput(f"{path}: {reason}")
        found.append(one.series)
    return found
