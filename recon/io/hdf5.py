"""HDF5 files from anybody: opened with care, since the format can point anywhere and claim anything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from recon.errors import ReconError, UnreadableInput
from recon.io.inflate import require_modest

_MOST_CHUNK_BYTES = 2**30


@contextmanager
def reading(path: Path) -> Iterator[h5py.File]:
    """The open file, for as long as the block lasts; see :class:`OpenFile`."""
    file = OpenFile(path)
    try:
        with file.reading() as opened:
            yield opened
    finally:
        file.close()


class OpenFile:
    """A file that is opened when it is first read and stays open until it is closed.

    Parameters
    ----------
    path
        Of the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: h5py.File | None = None

    @contextmanager
    def reading(self) -> Iterator[h5py.File]:
        """The open file; whatever HDF5 says about it while it is read becomes one line.

        Raises
        ------
        UnreadableInput
            When the file is missing, empty, in use, truncated, damaged, or not HDF5.
        """
        try:
            if self._file is None:
                self._file = self._opened()
            yield self._file
        except ReconError:
            raise
        except BlockingIOError as error:  # HDF5's lock
            raise UnreadableInput(
                f"{self.path}: in use, another program has it open for writing; try again when it is closed"
            ) from error
        except (OSError, RuntimeError, KeyError, ValueError) as error:
            text = str(error).splitlines()
            what = "truncated" if "truncated" in str(error) else "damaged"
            raise UnreadableInput(f"{self.path}: {what} ({text[0][:160] if text else error}); copy it again") from error

    def close(self) -> None:
        """Let go of the file; reading opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _opened(self) -> h5py.File:
        path = self.path
        if not path.exists():
            raise UnreadableInput(f"{path}: no such file")
        if path.is_dir():
            raise UnreadableInput(f"{path}: a folder; name the HDF5 file")
        if path.stat().st_size == 0:
            raise UnreadableInput(f"{path}: an empty file")
        if not h5py.is_hdf5(path):
            raise UnreadableInput(f"{path}: {_is_stream(path) or 'not an HDF5 file'}")
        return h5py.File(path, "r")


def _is_stream(path: Path) -> str:
    """What to do with messages of a scanner that were written as they came, which some converters call ``.h5``."""
    with path.open("rb") as file:
        head = file.read(6)
    if len(head) < 6:
        return ""
    # of a message: what it is (a configuration, then the header, or that at once), then the text's length
    kind, length = int.from_bytes(head[:2], "little"), int.from_bytes(head[2:], "little")
    if kind == 1 or (kind in (2, 3) and length <= path.stat().st_size):
        return "a stream of MRD messages, not an HDF5 file; convert it, or send it to a door that takes streams"
    return ""


def dataset(file: h5py.File, name: str) -> h5py.Dataset | None:
    """A dataset that really is in this file; None when there is none of that name.

    Raises
    ------
    UnreadableInput
        When the name leads out of the file, or the dataset declares far more than is stored.
    """
    where: h5py.File | h5py.Group = file
    for part in name.split("/"):
        link = where.get(part, getlink=True)
        if link is None:
            return None
        if isinstance(link, h5py.ExternalLink):
            raise UnreadableInput(f"{file.filename}: {name} is a link out of the file; copy the data into it")
        try:
            where = where[part]
        except KeyError:
            raise UnreadableInput(f"{file.filename}: {name} is a link that leads nowhere") from None
        if where.file.filename != file.filename:
            raise UnreadableInput(f"{file.filename}: {name} is a link out of the file; copy the data into it")
    if not isinstance(where, h5py.Dataset):
        return None
    if where.is_virtual or where.external:
        raise UnreadableInput(f"{file.filename}: {name} keeps its samples in other files; copy the data into this one")
    declared = int(np.prod(where.shape or (), dtype=np.float64)) * where.dtype.itemsize
    stored = where.id.get_storage_size()
    require_modest(Path(file.filename), declared, stored, name)
    chunk = int(np.prod(where.chunks or (0,), dtype=np.float64)) * where.dtype.itemsize
    if chunk > _MOST_CHUNK_BYTES:  # HDF5 unfolds a chunk whole
        raise UnreadableInput(f"{file.filename}: {name} is stored in pieces of {chunk / 2**30:.1f} GiB; repack it")
    return where
