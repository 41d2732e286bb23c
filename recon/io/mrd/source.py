"""Where the raw data of a scan come from: a header, then acquisitions in the order of time.

A file stands behind it here; a scanner's stream and a pipe are sources too. What the readouts make,
:func:`recon.io.mrd.series.series_of` says, whatever the source.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import h5py
import numpy as np

from recon.arrays import FloatImage, IntegerArray
from recon.errors import UnreadableInput
from recon.io.hdf5 import OpenFile, dataset
from recon.io.mrd.acquisitions import Acquisitions, Field, runs
from recon.io.mrd.header import document_of

#: Readouts that are read from a file at once.
_AT_ONCE_BYTES = 64 * 2**20
_HEAD_FIELDS = {"flags", "number_of_samples", "active_channels", "center_sample", "discard_pre", "discard_post", "idx"}


class Source(Protocol):
    """Raw data of one scan.

    Attributes
    ----------
    name
        For messages: a path, or a peer.
    header
        The XML header, parsed: an ``ismrmrd.xsd.ismrmrdHeader``.
    """

    @property
    def name(self) -> str:
        """For messages."""

    @property
    def header(self) -> Any:
        """An ``ismrmrd.xsd.ismrmrdHeader``."""

    def items(self) -> Iterator[Any]:
        """``ismrmrd.Acquisition`` and ``ismrmrd.Waveform``, in order; a stream gives them once."""


class FileSource:
    """An ISMRMRD file in HDF5, opened once; samples stay on disk until they are asked for.

    Parameters
    ----------
    path
        Of the file.

    Raises
    ------
    UnreadableInput
        When it is not one, is damaged, or is in use by another program.
    """

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._file = OpenFile(path)
        with self._file.reading() as file:
            self._group = group_of(file) or "dataset"
            xml = header_text(file, self._group)
        if xml is None:
            raise UnreadableInput(f"{path}: has no {self._group}/xml")
        self.header = document_of(xml, self.name)

    def close(self) -> None:
        """Let go of the file; whoever reads on opens it again."""
        self._file.close()

    def acquisitions(self) -> Acquisitions:
        """All readouts, their samples on disk.

        Raises
        ------
        UnreadableInput
            When there are none, or something else is stored there.
        """
        with self._file.reading() as file:
            data = self._data(file)
            heads = data.fields("head")[:]
        missing = _HEAD_FIELDS - set(heads.dtype.names or ())
        if missing:
            raise UnreadableInput(f"{self.name}: acquisition headers have no {', '.join(sorted(missing))}")
        return Acquisitions(self.name, heads, self._stored)

    def items(self) -> Iterator[Any]:
        """The acquisitions as ``ismrmrd.Acquisition``, in the file's order."""
        import ismrmrd

        table = self.acquisitions()
        everything = np.arange(len(table.heads))
        samples, paths = (self._stored(everything, field) for field in ("data", "traj"))
        for (index, values), (_, path) in zip(samples, paths, strict=True):
            head = table.heads[index]
            found = ismrmrd.Acquisition(head.tobytes())
            found.data[:] = table.shaped(index, values)
            found.traj[:] = np.asarray(path).reshape(found.traj.shape)
            yield found

    def _data(self, file: h5py.File) -> h5py.Dataset:
        data = dataset(file, f"{self._group}/data")
        names = data.dtype.names if data is not None else None
        if data is None or names is None or not {"head", "data"} <= set(names):
            raise UnreadableInput(f"{self.name}: {self._group}/data holds no acquisitions")
        if data.ndim != 1 or not len(data):
            raise UnreadableInput(f"{self.name}: holds no acquisitions")
        return data

    def _stored(self, members: IntegerArray, field: Field) -> Iterator[tuple[int, FloatImage]]:
        with self._file.reading() as file:
            view = self._data(file).fields([field])
            head = self._data(file).fields("head")[int(members[0])] if len(members) else None
            size = max(1, int(head["number_of_samples"]) * int(head["active_channels"])) if head is not None else 1
            for run in runs(members, max(1, _AT_ONCE_BYTES // (8 * size))):
                block = view[int(run[0]) : int(run[-1]) + 1][field]
                for index in run:
                    yield int(index), block[index - run[0]]


def group_of(file: h5py.File) -> str | None:
    """Name of the group with raw data: ``dataset``, or the only one that has ``xml`` and ``data``."""
    if dataset(file, "dataset/data") is not None:
        return "dataset"
    names = [
        name
        for name in file
        if isinstance(file.get(name, getlink=True), h5py.HardLink)
        and isinstance(file[name], h5py.Group)
        and {"xml", "data"} <= set(file[name])
    ]
    return names[0] if len(names) == 1 else None


def header_text(file: h5py.File, group: str) -> bytes | None:
    """The XML header in a group, as it is; None where there is none."""
    xml = dataset(file, f"{group}/xml")
    if xml is None:
        return None
    text = xml[()] if xml.shape == () else xml[0]
    return text if isinstance(text, bytes) else str(text).encode()


def collected(source: Source) -> Acquisitions:
    """The readouts of any source, in memory; waveforms are left out.

    Raises
    ------
    UnreadableInput
        When there are none.
    """
    import ismrmrd

    heads: list[bytes] = []
    samples: dict[Field, list[FloatImage]] = {"data": [], "traj": []}
    for item in source.items():
        if isinstance(item, ismrmrd.Acquisition):
            heads.append(bytes(item.getHead()))
            samples["data"].append(np.ascontiguousarray(item.data).view(np.float32).ravel())
            samples["traj"].append(np.ascontiguousarray(item.traj).ravel())
    if not heads:
        raise UnreadableInput(f"{source.name}: holds no acquisitions")
    kept = np.frombuffer(b"".join(heads), ismrmrd.hdf5.acquisition_header_dtype)

    def stored(members: IntegerArray, field: Field) -> Iterator[tuple[int, FloatImage]]:
        for index in np.sort(members):
            yield int(index), samples[field][index]

    return Acquisitions(source.name, kept, stored)
