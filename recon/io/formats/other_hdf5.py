"""HDF5 files that hold no k-space, or can't be read: damaged, in use, no HDF5 in spite of the name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from recon.errors import ReconError
from recon.io.dicom.read.skipped import Kind, Refused
from recon.io.formats.format import Content, LeftOut, Look, OnFile
from recon.io.formats.signature import HDF5, ends_in
from recon.io.hdf5 import reading

NAME = "HDF5"
GUESSES = True
ENDINGS = (".h5", ".hdf5", ".mrd")


def recognise(path: Path, start: bytes) -> bool:
    """By its first bytes or its name; what holds k-space has been recognised before."""
    return start.startswith(HDF5) or ends_in(path, ENDINGS)


def look(path: Path) -> Look:
    """Never finds a scan.

    Raises
    ------
    Refused
        Naming what the file holds.
    UnreadableInput
        Saying why it can't be read.
    """
    with reading(path) as file:
        if "reconstruction" in file and "affine_lps_mm" in file.attrs:
            raise Refused("a reconstruction by recon, not raw data", Kind.OTHER)
        names = ", ".join(sorted(file.keys())[:8])[:200] or "nothing"
    raise Refused(
        f"HDF5 without k-space: holds {names}; k-space is expected as 'kspace' (fastMRI) or in a group with 'xml' "
        "and 'data' (ISMRMRD)",
        Kind.OTHER,
    )


def open(paths: Sequence[Path], wanted: Collection[Content], on_file: OnFile = None) -> Iterator[LeftOut]:
    """Names every file: where k-space is wanted, it should have been some."""
    for path in paths:
        try:
            look(path)
        except ReconError as error:
            yield LeftOut(str(path), error.problem, lost=Content.KSPACE in wanted)
