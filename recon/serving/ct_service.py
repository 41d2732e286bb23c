"""The CT stream: header and slices in, images with uncertainty and verdict out."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TypeAlias

import grpc
import numpy as np

from recon import __version__
from recon.errors import DeadlineExceeded, InvalidRequest, ReconError, TooManyRequests
from recon.quality.verdict import Check, verdict_of, worst
from recon.serving.guard import RequestRecord, guarded
from recon.serving.model_registry import ModelRegistry
from recon.serving.settings import Limits
from recon.serving.slice_assembler import SliceAssembler
from recon.serving.triton_client import ServedModel, TritonClient
from recon.tasks import ct
from recon.v1 import common_pb2, ct_pb2, ct_pb2_grpc
from recon.volumes import FloatImage, Geometry
from recon.wire.messages import SAMPLE_DTYPES, check_to_message, chunks, geometry_from_message

_Processed: TypeAlias = tuple[ct.DenoisedSlice, asyncio.Task[list[Check]]]
_Context: TypeAlias = "grpc.aio.ServicerContext"
_DONE = grpc.aio.EOF
# half precision holds a width of 60 HU to 0.03 HU
_IMAGE_TYPE, _UNCERTAINTY_TYPE = common_pb2.SAMPLE_TYPE_FLOAT32, common_pb2.SAMPLE_TYPE_FLOAT16


@dataclass
class _Series:
    """What one stream needs to know."""

    header: ct_pb2.CtHeader
    geometry: Geometry
    strength: float
    model: ServedModel
    assembler: SliceAssembler
    timings: common_pb2.Timings = field(default_factory=common_pb2.Timings)
    checks: list[Check] = field(default_factory=list)


class CtService(ct_pb2_grpc.CtServiceServicer):
    """Streams series through the denoiser.

    Slices are read ahead by a few, so that the network is never idle; nothing more is held, whatever
    the client does.
    """

    def __init__(self, triton: TritonClient, registry: ModelRegistry, limits: Limits) -> None:
        self._triton = triton
        self._registry = registry
        self._limits = limits
        self._streams = 0

    async def Denoise(  # noqa: N802
        self, request_iterator: AsyncIterator[ct_pb2.DenoiseRequest], context: _Context
    ) -> None:
        """One series; see ``proto/recon/v1/ct.proto``."""
        async with guarded(context, "ct.Denoise") as record:
            if self._streams >= self._limits.most_streams:
                raise TooManyRequests(f"all {self._limits.most_streams} streams are in use; try again later")
            self._streams += 1
            try:
                await self._denoise(context, record)
            finally:
                self._streams -= 1

    async def _denoise(self, context: _Context, record: RequestRecord) -> None:
        began = time.perf_counter()
        series = await self._open(context)
        record.note(
            series=series.header.series_name,
            slices=series.header.slices,
            model=f"{series.model.name}:{series.model.version}",
        )
        accepted = ct_pb2.CtAccepted(
            provenance=provenance(series.model), interval=interval(series.model),
            image_type=_IMAGE_TYPE, uncertainty_type=_UNCERTAINTY_TYPE,
        )  # fmt: skip
        await self._write(context, ct_pb2.DenoiseResponse(accepted=accepted))
        queue: asyncio.Queue[asyncio.Task[_Processed] | ReconError] = asyncio.Queue(self._limits.read_ahead)
        reader = asyncio.create_task(self._read(context, series, queue))
        pending: asyncio.Task[_Processed] | None = None
        try:
            for index in range(series.header.slices):
                item = await queue.get()
                if isinstance(item, ReconError):
                    raise item
                pending = item
                await self._send(context, series, index, *await pending)
                record.slices_done = index + 1
        finally:
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reader
            for task in [pending, *_drain(queue)]:
                if isinstance(task, asyncio.Task) and not task.done():
                    task.cancel()
        series.timings.total_ms = 1e3 * (time.perf_counter() - began)
        checks = worst(series.checks)
        verdict = verdict_of(checks)
        record.note(verdict=verdict.name)
        report = ct_pb2.CtSeriesReport(
            verdict=common_pb2.Verdict.ValueType(int(verdict)),
            checks=[check_to_message(check) for check in checks],
            timings=series.timings,
            provenance=provenance(series.model),
            interval=interval(series.model),
        )
        await self._write(context, ct_pb2.DenoiseResponse(report=report))

    async def _open(self, context: _Context) -> _Series:
        first = await self._next(context)
        if first is None or first.WhichOneof("part") != "header":
            raise InvalidRequest("the first message must be the header", field="header")
        header = first.header
        strength = header.strength if header.HasField("strength") else 1.0
        ct.validate_header(header.rows, header.columns, header.slices, strength)
        if header.unit != common_pb2.UNIT_HU:
            raise InvalidRequest("unit must be UNIT_HU; convert the series to Hounsfield units", field="unit")
        if header.sample_type not in SAMPLE_DTYPES:
            raise InvalidRequest("sample_type must be FLOAT32 or INT16", field="sample_type")
        return _Series(
            header,
            geometry_from_message(header.geometry),
            strength,
            self._registry.find("ct", header.model, header.model_version),
            SliceAssembler(header.rows, header.columns, header.slices, SAMPLE_DTYPES[header.sample_type]),
        )

    async def _read(
        self,
        context: _Context,
        series: _Series,
        queue: asyncio.Queue[asyncio.Task[_Processed] | ReconError],
    ) -> None:
        """Assemble slices and start their inference; a full queue stops the reading."""
        assembler = series.assembler
        try:
            while not assembler.complete:
                began = time.perf_counter()
                message = await self._next(context)
                series.timings.receive_ms += 1e3 * (time.perf_counter() - began)
                if message is None:
                    raise InvalidRequest(
                        f"the stream ended after {assembler.next_slice} of {assembler.slices} slices",
                        field="slices",
                    )
                if message.WhichOneof("part") != "chunk":
                    raise InvalidRequest("after the header only chunks may follow", field="chunk")
                hu = assembler.add(message.chunk)
                if hu is not None:
                    index = assembler.next_slice - 1
                    await queue.put(asyncio.create_task(self._process(series, hu, index)))
        except ReconError as error:
            await queue.put(error)

    async def _process(self, series: _Series, hu: FloatImage, index: int) -> _Processed:
        prepared = 0.0

        def fill(tensor: FloatImage) -> None:
            nonlocal prepared
            began = time.perf_counter()
            ct.prepare(hu, index, tensor)
            prepared = time.perf_counter()
            series.timings.prepare_ms += 1e3 * (prepared - began)

        shape = ct.tensor_shape(hu)
        async with self._triton.infer(series.model, shape, (1, 3, *shape[2:]), fill) as output:
            inferred = time.perf_counter()
            result = ct.finish(hu, output[0], strength=series.strength, factor=series.model.conformal_factor)
        series.timings.network_ms += 1e3 * (inferred - prepared)
        series.timings.finish_ms += 1e3 * (time.perf_counter() - inferred)
        # the checks are made while the pixels are on their way
        return result, asyncio.create_task(asyncio.to_thread(ct.judge, hu, result, series.geometry))

    async def _send(
        self,
        context: _Context,
        series: _Series,
        index: int,
        result: ct.DenoisedSlice,
        judged: asyncio.Task[list[Check]],
    ) -> None:
        planes = (
            (common_pb2.PLANE_IMAGE, result.image, _IMAGE_TYPE),
            (common_pb2.PLANE_UNCERTAINTY, result.uncertainty, _UNCERTAINTY_TYPE),
        )
        for plane, values, kind in planes:
            encoded = np.ascontiguousarray(values, dtype=SAMPLE_DTYPES[kind])
            for chunk in chunks(index, plane, encoded.data.cast("B")):
                await self._write(context, ct_pb2.DenoiseResponse(chunk=chunk))
        checks = await judged
        report = ct_pb2.CtSliceReport(
            slice_index=index,
            verdict=common_pb2.Verdict.ValueType(int(verdict_of(checks))),
            checks=[check_to_message(check) for check in checks],
        )
        await self._write(context, ct_pb2.DenoiseResponse(slice=report))
        series.checks = worst([*series.checks, *checks])

    async def _next(self, context: _Context) -> ct_pb2.DenoiseRequest | None:
        """The next message, None at the end of the stream."""
        try:
            message = await asyncio.wait_for(context.read(), self._limits.idle_s)
        except TimeoutError:
            raise DeadlineExceeded(f"nothing came for {self._limits.idle_s:.0f} s; send or cancel") from None
        return None if message is _DONE else message

    async def _write(self, context: _Context, message: ct_pb2.DenoiseResponse) -> None:
        try:
            await asyncio.wait_for(context.write(message), self._limits.idle_s)
        except TimeoutError:
            raise DeadlineExceeded(f"the client read nothing for {self._limits.idle_s:.0f} s") from None


def provenance(model: ServedModel) -> common_pb2.Provenance:
    """What made an image."""
    return common_pb2.Provenance(
        software="recon",
        software_version=__version__,
        model=model.name,
        model_version=model.version,
        model_sha256=model.sha256,
    )


def interval(model: ServedModel) -> common_pb2.Interval:
    """What the uncertainty plane means."""
    return common_pb2.Interval(coverage=ct.COVERAGE, conformal_factor=model.conformal_factor)


def _drain(queue: asyncio.Queue[asyncio.Task[_Processed] | ReconError]) -> list[object]:
    found: list[object] = []
    while not queue.empty():
        found.append(queue.get_nowait())
    return found
