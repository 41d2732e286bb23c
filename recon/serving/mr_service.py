"""The MR stream: header and readouts in, images with uncertainty and verdict out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import grpc

from recon.errors import InvalidRequest
from recon.serving.model_registry import ModelRegistry
from recon.serving.readout_assembler import ReadoutAssembler
from recon.serving.settings import Limits
from recon.serving.slice_stream import FinishedSlice, Replies, Series, SliceStreams
from recon.serving.triton_client import ServedModel, TritonClient
from recon.tasks import mr
from recon.v1 import mr_pb2, mr_pb2_grpc
from recon.volumes import ComplexImage, FloatImage
from recon.wire.messages import geometry_from_message


class _MrSeries(Series[ComplexImage]):
    def __init__(self, header: mr_pb2.MrHeader, model: ServedModel, triton: TritonClient) -> None:
        super().__init__(header.series_name, header.slices, model)
        self._triton = triton
        averages = max(1, header.averages)
        self._assembler = ReadoutAssembler(header.coils, header.samples, header.lines, header.slices, averages)

    @property
    def received(self) -> int:
        return len(self._assembler.finished)

    def add(self, message: mr_pb2.ReconstructRequest) -> tuple[int, ComplexImage] | None:
        if message.WhichOneof("part") != "readouts":
            raise InvalidRequest("after the header only readouts may follow", field="readouts")
        return self._assembler.add(message.readouts)

    async def process(self, index: int, data: ComplexImage) -> FinishedSlice:
        prepared = 0.0

        def fill(tensor: FloatImage) -> None:
            nonlocal prepared
            began = time.perf_counter()
            mr.prepare(data, index, tensor)
            prepared = time.perf_counter()
            self.timings.prepare_ms += 1e3 * (prepared - began)

        shape = mr.tensor_shape(data)
        async with self._triton.infer(self.model, shape, (1, 5, *shape[2:4]), fill) as output:
            inferred = time.perf_counter()
            result = mr.finish(data, output[0], factor=self.model.conformal_factor)
        self.timings.network_ms += 1e3 * (inferred - prepared)
        self.timings.finish_ms += 1e3 * (time.perf_counter() - inferred)
        checks = asyncio.create_task(asyncio.to_thread(mr.judge, data, result))
        return FinishedSlice(index, result.image, result.uncertainty, checks)


class MrService(mr_pb2_grpc.MrServiceServicer):
    """Streams readouts through a reconstruction."""

    def __init__(self, triton: TritonClient, registry: ModelRegistry, limits: Limits) -> None:
        self._triton, self._registry = triton, registry
        replies = Replies(mr_pb2.ReconstructResponse, mr_pb2.MrAccepted, mr_pb2.MrSliceReport, mr_pb2.MrSeriesReport)
        self._streams = SliceStreams("mr.Reconstruct", replies, limits)

    async def Reconstruct(  # noqa: N802
        self, request_iterator: AsyncIterator[Any], context: grpc.aio.ServicerContext
    ) -> None:
        """One series; see ``proto/recon/v1/mr.proto``."""
        await self._streams.run(context, self._open)

    def _open(self, header: mr_pb2.MrHeader) -> _MrSeries:
        mr.validate_header(header.coils, header.samples, header.lines, header.slices, header.averages)
        geometry_from_message(header.geometry)
        if header.trajectory != mr_pb2.TRAJECTORY_CARTESIAN:
            name = mr_pb2.Trajectory.Name(header.trajectory)
            raise InvalidRequest(f"trajectory is {name}; the models take TRAJECTORY_CARTESIAN", field="trajectory")
        model = self._registry.find("mr", header.model or mr.DEFAULT_MODEL, header.model_version)
        return _MrSeries(header, model, self._triton)
