"""A CT series as a stream of chunks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from recon.client.results import ModelIdentity
from recon.client.resume import Series
from recon.v1 import common_pb2, ct_pb2, ct_pb2_grpc
from recon.volumes import Volume
from recon.wire.messages import chunks, geometry_to_message


class CtSeries(Series):
    """Slices in HU, sent as 16-bit integers where they are whole.

    Parameters
    ----------
    stub
        Of the service.
    volume
        In HU.
    strength
        Share of the noise to remove, 0 to 1.
    name, model, model_version
        Of the header.
    """

    def __init__(
        self, stub: ct_pb2_grpc.CtServiceStub, volume: Volume, strength: float, name: str, model: str, version: str
    ) -> None:
        self.slices, rows, columns = volume.shape
        self._stub, self._volume = stub, volume
        whole = volume.whole_numbers
        self._dtype = np.dtype("<i2" if whole else "<f4")
        self._header = ct_pb2.CtHeader(
            series_name=name, rows=rows, columns=columns, slices=self.slices,
            sample_type=common_pb2.SAMPLE_TYPE_INT16 if whole else common_pb2.SAMPLE_TYPE_FLOAT32,
            unit=common_pb2.UNIT_HU, geometry=geometry_to_message(volume.geometry), strength=strength,
            model=model, model_version=version,
        )  # fmt: skip

    def open(self, offset: int, model: ModelIdentity | None, timeout_s: float) -> Any:
        """A call for the slices from ``offset`` on."""
        header = ct_pb2.CtHeader()
        header.CopyFrom(self._header)
        header.slices = self.slices - offset
        if model is not None and offset:
            header.model, header.model_version = model.name, model.version
        return self._stub.Denoise(self._requests(header, offset), timeout=timeout_s)

    def _requests(self, header: ct_pb2.CtHeader, offset: int) -> Iterator[ct_pb2.DenoiseRequest]:
        yield ct_pb2.DenoiseRequest(header=header)
        for index in range(header.slices):
            data = self._volume.values[offset + index].astype(self._dtype).tobytes()
            for chunk in chunks(index, data):
                yield ct_pb2.DenoiseRequest(chunk=chunk)
