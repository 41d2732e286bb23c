"""NIfTI volumes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from pathlib import Path

from recon.io.formats.format import Content, LeftOut, Look, OnFile, OpenedVolume
from recon.io.formats.signature import HDF5
from recon.io.nifti import SUFFIXES, few_values, is_nifti, read_nifti, require_readable, stem

NAME = "NIfTI"
ENDINGS = SUFFIXES


def recognise(path: Path, start: bytes) -> bool:
    """By its name, unless it begins as another format does."""
    return is_nifti(path) and start[:8] != HDF5 and start[128:132] != b"DICM"


def look(path: Path) -> Look:
    """What a file is; see :class:`recon.io.formats.format.Format`."""
    require_readable(path)
    return Look(Content.VOLUME, f"nifti:{path}", "", stem(path), stem(path), f"nifti:{path.parent}")


def open(
    paths: Sequence[Path], wanted: Collection[Content], on_file: OnFile = None
) -> Iterator[OpenedVolume | LeftOut]:
    """Every file is a scan; see :class:`recon.io.formats.format.Format`."""
    for path in paths:
        if Content.VOLUME in wanted:
            yield OpenedVolume(Content.VOLUME, "", (path,), partial(read_nifti, path), partial(few_values, path))
        else:
            yield LeftOut(str(path), "a NIfTI volume")
