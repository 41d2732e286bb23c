"""A CT series on its way through the denoiser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from recon._client.resuming import ImageSlice, ResumingStream
from recon.quality.verdict import Check, verdict_of
from recon.v1 import common_pb2, ct_pb2, ct_pb2_grpc
from recon.volumes import FloatImage, Volume
from recon.wire.messages import chunks


class CtSlice(ImageSlice):
    """One denoised slice, HU."""


class Denoising(ResumingStream[CtSlice]):
    """Denoised slices as they become ready."""

    def __init__(
        self, stub: ct_pb2_grpc.CtServiceStub, volume: Volume, header: ct_pb2.CtHeader,
        timeout_s: float, patience_s: float,
    ) -> None:  # fmt: skip
        super().__init__(volume.shape, timeout_s, patience_s)
        self._stub, self._volume, self._header = stub, volume, header

    def _open(self, offset: int, timeout_s: float) -> Any:
        header = ct_pb2.CtHeader()
        header.CopyFrom(self._header)
        header.slices = self._shape[0] - offset
        return self._stub.Denoise(self._requests(header, offset), timeout=timeout_s)

    def _requests(self, header: ct_pb2.CtHeader, offset: int) -> Iterator[ct_pb2.DenoiseRequest]:
        yield ct_pb2.DenoiseRequest(header=header)
        for index in range(header.slices):
            values = np.ascontiguousarray(self._volume.values[offset + index], dtype="<f4")
            for chunk in chunks(index, common_pb2.PLANE_IMAGE, values.data.cast("B")):
                yield ct_pb2.DenoiseRequest(chunk=chunk)

    def _result(self, index: int, image: FloatImage, uncertainty: FloatImage, checks: list[Check]) -> CtSlice:
        return CtSlice(index, image, uncertainty, verdict_of(checks), checks)
