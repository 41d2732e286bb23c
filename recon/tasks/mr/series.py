"""A series of k-space as a stream of readouts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from recon.errors import ReconError
from recon.tasks.series import Series
from recon.v1 import mr_pb2
from recon.values.result import ModelIdentity
from recon.volumes import ComplexImage, FloatImage, KSpace
from recon.wire.messages import PIECE_BYTES, geometry_to_message

_TRAJECTORIES = {
    "cartesian": mr_pb2.TRAJECTORY_CARTESIAN, "radial": mr_pb2.TRAJECTORY_RADIAL, "spiral": mr_pb2.TRAJECTORY_SPIRAL,
}  # fmt: skip


class MrSeries(Series):
    """k-space, read slice by slice as it is sent.

    Parameters
    ----------
    kspace
        What was measured.
    name, model, version
        Of the header.
    """

    def __init__(self, kspace: KSpace, name: str = "", model: str = "", version: str = "") -> None:
        self.slices = kspace.slices
        self._kspace = kspace
        self._failure: ReconError | None = None
        rows, columns = kspace.matrix or (0, 0)
        self._header = mr_pb2.MrHeader(
            series_name=name, trajectory=_TRAJECTORIES[kspace.kind], coils=kspace.coils, samples=kspace.rows,
            lines=kspace.columns, slices=kspace.slices, geometry=geometry_to_message(kspace.geometry),
            model=model, model_version=version, rows=rows, columns=columns, noise_std=kspace.noise_std,
        )  # fmt: skip

    def messages(self, offset: int = 0, model: ModelIdentity | None = None) -> Iterator[mr_pb2.ReconstructRequest]:
        """Header and readouts of the slices from ``offset`` on."""
        header = mr_pb2.MrHeader()
        header.CopyFrom(self._header)
        header.slices = self.slices - offset
        if model is not None and offset:
            header.model, header.model_version = model.name, model.version
        yield mr_pb2.ReconstructRequest(header=header)
        for index in range(header.slices):
            try:
                kspace = self._kspace.load(offset + index)
                path = self._kspace.trajectory(offset + index) if self._kspace.trajectory else None
            except ReconError as error:
                self._failure = error
                return
            for readouts in readouts_of(index, kspace, path):
                yield mr_pb2.ReconstructRequest(readouts=readouts)

    def failure(self) -> ReconError | None:
        """A slice that could not be read ended the stream."""
        return self._failure


def readouts_of(index: int, kspace: ComplexImage, trajectory: FloatImage | None = None) -> Iterator[mr_pb2.Readouts]:
    """The measured readouts of a slice, as many in a message as fit.

    Parameters
    ----------
    index
        Of the slice.
    kspace
        (coils, samples, lines).
    trajectory
        (lines, samples, 2) where k-space is not Cartesian; then every readout counts as measured.
    """
    coils, samples, lines = kspace.shape
    readouts = np.ascontiguousarray(kspace.transpose(2, 0, 1), dtype="<c8")
    measured = np.arange(lines)
    if trajectory is None:
        # nearly always the centre of a line tells
        measured = np.array([n for n, line in enumerate(readouts) if line[0, samples // 2] or line.any()], int)
    most = max(1, PIECE_BYTES // ((8 * coils + 8) * samples))
    for start in range(0, max(1, len(measured)), most):
        some = measured[start : start + most]
        run = len(some) and some[-1] - some[0] == len(some) - 1
        data = readouts[some[0] : some[-1] + 1] if run else readouts[some]  # neighbours need no copy
        last = start + most >= len(measured)
        if not len(measured):  # the service says what is wrong with a slice of zeros
            some, data = np.array([0]), np.zeros((1, coils, samples), "<c8")
        path = b"" if trajectory is None else np.ascontiguousarray(trajectory[some], dtype="<f4").tobytes()
        yield mr_pb2.Readouts(
            slice_index=index, lines=some.tolist(), data=data.tobytes(), last_in_slice=last, trajectory=path
        )
