"""The CT stream: header and slices in, images with uncertainty and verdict out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import grpc

from recon.errors import InvalidRequest
from recon.serving.model_registry import ModelRegistry
from recon.serving.settings import Limits
from recon.serving.slice_assembler import SliceAssembler
from recon.serving.slice_stream import FinishedSlice, Replies, Series, SliceStreams
from recon.serving.triton_client import ServedModel, TritonClient
from recon.tasks import ct
from recon.v1 import common_pb2, ct_pb2, ct_pb2_grpc
from recon.volumes import FloatImage
from recon.wire.messages import SAMPLE_DTYPES, geometry_from_message


class _CtSeries(Series[FloatImage]):
    # half precision holds a width of 60 HU to 0.03 HU
    uncertainty_type = common_pb2.SAMPLE_TYPE_FLOAT16

    def __init__(self, header: ct_pb2.CtHeader, strength: float, model: ServedModel, triton: TritonClient) -> None:
        super().__init__(header.series_name, header.slices, model)
        self._triton, self._strength = triton, strength
        self._geometry = geometry_from_message(header.geometry)
        dtype = SAMPLE_DTYPES[header.sample_type]
        self._assembler = SliceAssembler(header.rows, header.columns, header.slices, dtype)

    @property
    def received(self) -> int:
        return self._assembler.next_slice

    def add(self, message: ct_pb2.DenoiseRequest) -> tuple[int, FloatImage] | None:
        if message.WhichOneof("part") != "chunk":
            raise InvalidRequest("after the header only chunks may follow", field="chunk")
        hu = self._assembler.add(message.chunk)
        return None if hu is None else (self._assembler.next_slice - 1, hu)

    async def process(self, index: int, data: FloatImage) -> FinishedSlice:
        prepared = 0.0

        def fill(tensor: FloatImage) -> None:
            nonlocal prepared
            began = time.perf_counter()
            ct.prepare(data, index, tensor)
            prepared = time.perf_counter()
            self.timings.prepare_ms += 1e3 * (prepared - began)

        shape = ct.tensor_shape(data)
        async with self._triton.infer(self.model, shape, (1, 3, *shape[2:]), fill) as output:
            inferred = time.perf_counter()
            result = ct.finish(data, output[0], strength=self._strength, factor=self.model.conformal_factor)
        self.timings.network_ms += 1e3 * (inferred - prepared)
        self.timings.finish_ms += 1e3 * (time.perf_counter() - inferred)
        # the checks are made while the pixels are on their way
        checks = asyncio.create_task(asyncio.to_thread(ct.judge, data, result, self._geometry))
        return FinishedSlice(index, result.image, result.uncertainty, checks)


class CtService(ct_pb2_grpc.CtServiceServicer):
    """Streams series through the denoiser."""

    def __init__(self, triton: TritonClient, registry: ModelRegistry, limits: Limits) -> None:
        self._triton, self._registry = triton, registry
        replies = Replies(ct_pb2.DenoiseResponse, ct_pb2.CtAccepted, ct_pb2.CtSliceReport, ct_pb2.CtSeriesReport)
        self._streams = SliceStreams("ct.Denoise", replies, limits)

    async def Denoise(  # noqa: N802
        self, request_iterator: AsyncIterator[Any], context: grpc.aio.ServicerContext
    ) -> None:
        """One series; see ``proto/recon/v1/ct.proto``."""
        await self._streams.run(context, self._open)

    def _open(self, header: ct_pb2.CtHeader) -> _CtSeries:
        strength = header.strength if header.HasField("strength") else 1.0
        ct.validate_header(header.rows, header.columns, header.slices, strength)
        if header.unit != common_pb2.UNIT_HU:
            raise InvalidRequest("unit must be UNIT_HU; convert the series to Hounsfield units", field="unit")
        if header.sample_type not in SAMPLE_DTYPES:
            raise InvalidRequest("sample_type must be FLOAT32 or INT16", field="sample_type")
        model = self._registry.find("ct", header.model, header.model_version)
        return _CtSeries(header, strength, model, self._triton)
