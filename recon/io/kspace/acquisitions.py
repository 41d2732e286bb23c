"""Readouts of an ISMRMRD file: their headers, flags and samples; Inati et al., MRM 77:411 (2017)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from recon.errors import UnreadableInput, UnusableData
from recon.io.hdf5 import dataset, reading
from recon.volumes import ComplexImage, FloatImage

Indices = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

# bits of an acquisition's flags, from 0
NOISE, CALIBRATION_ONLY, REVERSE = 18, 19, 21
#: Navigation, phase correction, feedback (HP and RT), dummies, phase stabilisation and its reference:
#: readouts between the image's lines that are none.
FOREIGN = (22, 23, 25, 26, 27, 29, 30)
SURFACE_COIL = 28
#: Readouts that are read from the file at once.
_AT_ONCE_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Acquisitions:
    """The readouts of a file.

    Attributes
    ----------
    path, group
        File and the group that holds ``data``.
    heads
        Their headers, as the format lays them out.
    """

    path: Path
    group: str
    heads: Any

    def flagged(self, *bits: int) -> Flags:
        """Which readouts carry any of these flags."""
        wanted = np.uint64(sum(1 << bit for bit in bits))
        return np.asarray((self.heads["flags"] & wanted) != 0)

    def samples(self, members: Indices) -> Iterator[tuple[int, ComplexImage]]:
        """Index and samples (coils, samples) of readouts, as if all were read forwards, without discarded ones.

        Raises
        ------
        UnreadableInput
            When one has not the size that its header says.
        UnusableData
            When samples are NaN or infinite.
        """
        reverse = self.flagged(REVERSE)
        for index, values in self._stored(members, "data"):
            head = self.heads[index]
            coils, count = int(head["active_channels"]), int(head["number_of_samples"])
            if values.size != 2 * coils * count:
                raise UnreadableInput(
                    f"{self.path}: acquisition {index} has {values.size // 2} samples; "
                    f"its header says {coils} x {count}"
                )
            readout = np.ascontiguousarray(values, np.float32).view(np.complex64).reshape(coils, count)
            if not np.isfinite(values).all():
                bad = int(readout.size - np.isfinite(readout).sum())
                raise UnusableData(
                    f"{self.path}: acquisition {index} has {bad} NaN or infinite samples; acquire or export it again"
                )
            inner = readout[:, int(head["discard_pre"]) : count - int(head["discard_post"])]
            yield index, inner[:, ::-1] if reverse[index] else inner

    def trajectories(self, members: Indices) -> Iterator[tuple[int, FloatImage]]:
        """Index and trajectory (samples, dimensions) of readouts, in the order of :meth:`samples`."""
        reverse = self.flagged(REVERSE)
        for index, values in self._stored(members, "traj"):
            head = self.heads[index]
            count, dimensions = int(head["number_of_samples"]), int(head["trajectory_dimensions"])
            if not dimensions or values.size != count * dimensions:
                raise UnreadableInput(
                    f"{self.path}: acquisition {index} has a trajectory of {values.size} numbers; "
                    f"its header says {count} x {dimensions}"
                )
            path = np.asarray(values, np.float32).reshape(count, dimensions)
            inner = path[int(head["discard_pre"]) : count - int(head["discard_post"])]
            yield index, inner[::-1] if reverse[index] else inner

    def span(self, members: Indices) -> tuple[Indices, Indices]:
        """First sample relative to the centre of k-space and number of samples, read forwards."""
        used = self.heads[members]
        count = used["number_of_samples"].astype(np.int64)
        before, after = used["discard_pre"].astype(np.int64), used["discard_post"].astype(np.int64)
        centre = used["center_sample"].astype(np.int64)
        left = np.where(self.flagged(REVERSE)[members], centre - (count - 1) + after, before - centre)
        return left, count - before - after

    def _stored(self, members: Indices, field: str) -> Iterator[tuple[int, Any]]:
        with reading(self.path) as file:
            data = dataset(file, f"{self.group}/data")
            if data is None:
                raise UnreadableInput(f"{self.path}: has no {self.group}/data")
            size = max(1, int(self.heads["number_of_samples"].max()) * int(self.heads["active_channels"].max()))
            most = max(1, _AT_ONCE_BYTES // (8 * size))
            view = data.fields(field)
            for run in _runs(members, most):
                block = view[int(run[0]) : int(run[-1]) + 1]
                for index in run:
                    yield int(index), block[index - run[0]]


def _runs(members: Indices, most: int) -> Iterator[Indices]:
    """Ascending members in pieces of which at least a quarter of the range is wanted."""
    members = np.sort(members)
    start = 0
    while start < len(members):
        stop = start + 1
        while (
            stop < len(members)
            and members[stop] - members[start] < most
            and members[stop] - members[start] < 4 * (stop - start + 1)
        ):
            stop += 1
        yield members[start:stop]
        start = stop


def read_acquisitions(file: h5py.File, path: Path, group: str) -> Acquisitions:
    """Headers of a file's readouts, in a group.

    Raises
    ------
    UnreadableInput
        When there are none, or something else is stored there.
    """
    data = dataset(file, f"{group}/data")
    names = data.dtype.names if data is not None else None
    if data is None or names is None or "head" not in names or "data" not in names:
        raise UnreadableInput(f"{path}: {group}/data holds no acquisitions")
    if data.ndim != 1 or not len(data):
        raise UnreadableInput(f"{path}: holds no acquisitions")
    heads = data.fields("head")[:]
    needed = {"flags", "number_of_samples", "active_channels", "center_sample", "discard_pre", "discard_post", "idx"}
    missing = needed - set(heads.dtype.names or ())
    if missing:
        raise UnreadableInput(f"{path}: acquisition headers have no {', '.join(sorted(missing))}")
    found = Acquisitions(path, group, heads)
    wrong = heads["discard_pre"].astype(int) + heads["discard_post"] > heads["number_of_samples"]
    if wrong.any():
        raise UnreadableInput(f"{path}: acquisition {int(np.flatnonzero(wrong)[0])} discards more samples than it has")
    return found
