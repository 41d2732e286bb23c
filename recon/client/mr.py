"""A series of k-space as a stream of readouts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from recon.client.results import ModelIdentity
from recon.client.resume import Series
from recon.errors import ReconError
from recon.v1 import mr_pb2, mr_pb2_grpc
from recon.volumes import KSpace
from recon.wire.messages import PIECE_BYTES, geometry_to_message


class MrSeries(Series):
    """k-space, read slice by slice as it is sent.

    Parameters
    ----------
    stub
        Of the service.
    kspace
        What was measured.
    name, model, version
        Of the header.
    """

    def __init__(self, stub: mr_pb2_grpc.MrServiceStub, kspace: KSpace, name: str, model: str, version: str) -> None:
        self.slices = kspace.slices
        self._stub, self._kspace = stub, kspace
        self._failure: ReconError | None = None
        self._header = mr_pb2.MrHeader(
            series_name=name, trajectory=mr_pb2.TRAJECTORY_CARTESIAN, coils=kspace.coils, samples=kspace.rows,
            lines=kspace.columns, slices=kspace.slices, geometry=geometry_to_message(kspace.geometry),
            model=model, model_version=version,
        )  # fmt: skip

    def open(self, offset: int, model: ModelIdentity | None, timeout_s: float) -> Any:
        """A call for the slices from ``offset`` on."""
        header = mr_pb2.MrHeader()
        header.CopyFrom(self._header)
        header.slices = self.slices - offset
        if model is not None and offset:
            header.model, header.model_version = model.name, model.version
        return self._stub.Reconstruct(self._requests(header, offset), timeout=timeout_s)

    def failure(self) -> ReconError | None:
        """A slice that could not be read ended the stream."""
        return self._failure

    def _requests(self, header: mr_pb2.MrHeader, offset: int) -> Iterator[mr_pb2.ReconstructRequest]:
        yield mr_pb2.ReconstructRequest(header=header)
        for index in range(header.slices):
            try:
                kspace = self._kspace.load(offset + index)
            except ReconError as error:
                self._failure = error
                return
            for readouts in readouts_of(index, kspace):
                yield mr_pb2.ReconstructRequest(readouts=readouts)


def readouts_of(index: int, kspace: np.ndarray[Any, Any]) -> Iterator[mr_pb2.Readouts]:
    """The measured lines of a slice (coils, ky, kx), as many in a message as fit."""
    coils, samples, _ = kspace.shape
    measured = np.flatnonzero(np.any(kspace != 0, axis=(0, 1)))
    most = max(1, PIECE_BYTES // (8 * coils * samples))
    for start in range(0, max(1, len(measured)), most):
        lines = measured[start : start + most]
        data = np.ascontiguousarray(kspace[:, :, lines].transpose(2, 0, 1), dtype="<c8")
        last = start + most >= len(measured)
        if not len(measured):  # the service says what is wrong with a slice of zeros
            lines, data = np.array([0]), np.zeros((1, coils, samples), "<c8")
        yield mr_pb2.Readouts(slice_index=index, lines=lines.tolist(), data=data.tobytes(), last_in_slice=last)
