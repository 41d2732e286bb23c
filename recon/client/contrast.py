"""Two scans, before contrast and after a reduced dose, as a stream of chunks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from recon.client.results import ModelIdentity
from recon.client.resume import Series
from recon.v1 import common_pb2, contrast_pb2, contrast_pb2_grpc
from recon.volumes import Volume
from recon.wire.messages import chunks, geometry_to_message


class ContrastSeries(Series):
    """Both scans whole, since they are aligned first; an interrupted stream begins again.

    Parameters
    ----------
    stub
        Of the service.
    pre, low
        The two scans, each in its own geometry.
    dose_fraction
        Dose given over the full dose.
    name, model, version
        Of the header.
    """

    resumable = False

    def __init__(
        self, stub: contrast_pb2_grpc.ContrastServiceStub, pre: Volume, low: Volume, dose_fraction: float, name: str,
        model: str, version: str,
    ) -> None:  # fmt: skip
        self._stub, self._pre, self._low = stub, pre, low
        self.slices, rows, columns = pre.shape
        low_slices, low_rows, low_columns = low.shape
        self._header = contrast_pb2.ContrastHeader(
            series_name=name, rows=rows, columns=columns, slices=self.slices,
            geometry=geometry_to_message(pre.geometry), low_rows=low_rows, low_columns=low_columns,
            low_slices=low_slices, low_geometry=geometry_to_message(low.geometry),
            sample_type=common_pb2.SAMPLE_TYPE_FLOAT32, dose_fraction=dose_fraction, model=model,
            model_version=version,
        )  # fmt: skip

    def open(self, offset: int, model: ModelIdentity | None, timeout_s: float) -> Any:
        """A call for all slices."""
        header = contrast_pb2.ContrastHeader()
        header.CopyFrom(self._header)
        return self._stub.Synthesize(self._requests(header), timeout=timeout_s)

    def _requests(self, header: contrast_pb2.ContrastHeader) -> Iterator[contrast_pb2.SynthesizeRequest]:
        yield contrast_pb2.SynthesizeRequest(header=header)
        for name, volume in (("pre", self._pre), ("low", self._low)):
            for index, plane in enumerate(volume.values):
                data = np.ascontiguousarray(plane, "<f4").tobytes()
                for chunk in chunks(index, data, name=name):
                    yield contrast_pb2.SynthesizeRequest(chunk=chunk)
