"""Raw data of scanners: HDF5 with an ISMRMRD header and acquisitions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import h5py

from recon.errors import ReconError
from recon.io.formats.fastmri import look_at, open_each
from recon.io.formats.format import Content, LeftOut, Look, OnFile, OpenedKSpace
from recon.io.formats.signature import HDF5
from recon.io.hdf5 import reading
from recon.io.mrd import series as mrd
from recon.io.mrd.source import group_of

NAME = "ISMRMRD"


def recognise(path: Path, start: bytes) -> bool:
    """By a group with header and acquisitions, whatever it is called."""
    if not start.startswith(HDF5):
        return False
    try:
        with reading(path) as file:
            return file.get("kspace", getlink=True) is None and _has_group(file)
    except ReconError:
        return False


def _has_group(file: h5py.File) -> bool:
    try:
        return group_of(file) is not None
    except ReconError:  # what is wrong with it, opening says
        return "dataset" in file


def look(path: Path) -> Look:
    """What a file is; see :class:`recon.io.formats.format.Format`."""
    return look_at(path, NAME)


def open(
    paths: Sequence[Path], wanted: Collection[Content], on_file: OnFile = None
) -> Iterator[OpenedKSpace | LeftOut]:
    """The series of each file; see :class:`recon.io.formats.format.Format`."""
    return open_each(paths, wanted, mrd.read)
