"""k-space as the fastMRI data set has it: HDF5 with ``kspace``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

from recon.errors import ReconError
from recon.io.formats.format import Content, LeftOut, Look, OnFile, OpenedKSpace
from recon.io.formats.signature import HDF5
from recon.io.hdf5 import reading
from recon.io.kspace import fastmri
from recon.io.kspace.series import KSpaceSeries

NAME = "fastMRI"


def recognise(path: Path, start: bytes) -> bool:
    """By a dataset ``kspace``."""
    if not start.startswith(HDF5):
        return False
    try:
        with reading(path) as file:
            return file.get("kspace", getlink=True) is not None  # what is wrong with it, opening says
    except ReconError:
        return False


def look(path: Path) -> Look:
    """What a file is; see :class:`recon.io.formats.format.Format`."""
    return look_at(path, NAME)


def open(
    paths: Sequence[Path], wanted: Collection[Content], on_file: OnFile = None
) -> Iterator[OpenedKSpace | LeftOut]:
    """The series of each file; see :class:`recon.io.formats.format.Format`."""
    return open_each(paths, wanted, fastmri.read)


def look_at(path: Path, detail: str) -> Look:
    """What a file of k-space is: a scan by itself."""
    name = path.with_suffix("").name
    return Look(Content.KSPACE, f"hdf5:{path}", "", name, name, f"hdf5:{path.parent}", detail)


def open_each(
    paths: Sequence[Path], wanted: Collection[Content], read: Callable[[Path], list[KSpaceSeries]]
) -> Iterator[OpenedKSpace | LeftOut]:
    """The series of each file; one that can't be read does not cost the others."""
    for path in paths:
        if Content.KSPACE not in wanted:
            yield LeftOut(str(path), "k-space, not an image")
            continue
        try:
            found = read(path)
        except ReconError as error:
            yield LeftOut(str(path), error.problem, lost=True)
            continue
        for series in found:
            yield OpenedKSpace(Content.KSPACE, series.label, (path,), series)
