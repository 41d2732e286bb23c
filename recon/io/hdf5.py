"""HDF5 files from anybody: opened with care, since the format can point anywhere and claim anything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from recon.errors import ReconError, UnreadableInput

#: A dataset this large whose chunks hold a thousandth of what it declares was hardly written at all.
_SUSPICIOUS_BYTES, _SUSPICIOUS_RATIO = 256 * 2**20, 1000


@contextmanager
def reading(path: Path) -> Iterator[h5py.File]:
    """The open file; whatever HDF5 says about it while it is read becomes one line.

    Raises
    ------
    UnreadableInput
        When the file is missing, empty, truncated, damaged, or not HDF5.
    """
    if not path.exists():
        raise UnreadableInput(f"{path}: no such file")
    if path.is_dir():
        raise UnreadableInput(f"{path}: a folder; name the HDF5 file")
    if path.stat().st_size == 0:
        raise UnreadableInput(f"{path}: an empty file")
    try:
        if not h5py.is_hdf5(path):
            raise UnreadableInput(f"{path}: not an HDF5 file")
        with h5py.File(path, "r") as file:
            yield file
    except ReconError:
        raise
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        text = str(error).splitlines()
        what = "truncated" if "truncated" in str(error) else "damaged"
        raise UnreadableInput(f"{path}: {what} ({text[0][:160] if text else error}); copy it again") from error


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
    if declared > _SUSPICIOUS_BYTES and stored * _SUSPICIOUS_RATIO < declared:
        raise UnreadableInput(
            f"{file.filename}: {name} is too large for what it holds: {declared / 2**30:.1f} GiB in size, "
            f"{stored / 2**20:.1f} MiB written; the rest are zeros that nobody measured"
        )
    return where
