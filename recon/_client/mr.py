"""A k-space series on its way through a reconstruction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from recon._client.resuming import ImageSlice, ResumingStream
from recon.errors import ReconError
from recon.quality.verdict import Check, verdict_of
from recon.v1 import mr_pb2, mr_pb2_grpc
from recon.volumes import FloatImage, KSpace
from recon.wire.messages import CHUNK_BYTES


class MrSlice(ImageSlice):
    """One reconstructed slice: magnitude in the unit of the k-space under a unitary transform."""


class Reconstructing(ResumingStream[MrSlice]):
    """Images as they become ready."""

    def __init__(
        self, stub: mr_pb2_grpc.MrServiceStub, kspace: KSpace, header: mr_pb2.MrHeader,
        timeout_s: float, patience_s: float,
    ) -> None:  # fmt: skip
        super().__init__((kspace.slices, kspace.rows, kspace.columns), timeout_s, patience_s)
        self._stub, self._kspace, self._header = stub, kspace, header
        self._failure: ReconError | None = None

    def __next__(self) -> MrSlice:
        try:
            return super().__next__()
        except ReconError:
            if self._failure is not None:  # a slice that could not be read ended the stream
                raise self._failure from None
            raise

    def _open(self, offset: int, timeout_s: float) -> Any:
        header = mr_pb2.MrHeader()
        header.CopyFrom(self._header)
        header.slices = self._shape[0] - offset
        return self._stub.Reconstruct(self._requests(header, offset), timeout=timeout_s)

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

    def _result(self, index: int, image: FloatImage, uncertainty: FloatImage, checks: list[Check]) -> MrSlice:
        return MrSlice(index, image, uncertainty, verdict_of(checks), checks)


def readouts_of(index: int, kspace: np.ndarray[Any, Any]) -> Iterator[mr_pb2.Readouts]:
    """The measured lines of a slice (coils, ky, kx), as many in a message as fit."""
    coils, samples, _ = kspace.shape
    measured = np.flatnonzero(np.any(kspace != 0, axis=(0, 1)))
    most = max(1, CHUNK_BYTES // (8 * coils * samples))
    for start in range(0, max(1, len(measured)), most):
        lines = measured[start : start + most]
        data = np.ascontiguousarray(kspace[:, :, lines].transpose(2, 0, 1), dtype="<c8")
        last = start + most >= len(measured)
        if not len(measured):  # the service says what is wrong with a slice of zeros
            lines, data = np.array([0]), np.zeros((1, coils, samples), "<c8")
        yield mr_pb2.Readouts(slice_index=index, lines=lines.tolist(), data=data.tobytes(), last_in_slice=last)
