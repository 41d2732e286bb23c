"""The scanner-side SDK: send a series, get images with uncertainty and verdict.

>>> from recon.client import Client
>>> with Client("127.0.0.1:50051") as client:
...     for result in client.denoise_ct(volume):
...         show(result.image, result.verdict)

Small on purpose: gRPC, NumPy and the file readers, no torch.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import grpc
import numpy as np
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from recon.errors import DeadlineExceeded, InternalError, InvalidRequest, ReconError, ServiceUnavailable
from recon.quality.verdict import Check, Verdict, verdict_of, worst
from recon.v1 import common_pb2, ct_pb2, ct_pb2_grpc, models_pb2, models_pb2_grpc
from recon.volumes import FloatImage, Volume
from recon.wire.messages import SAMPLE_DTYPES, check_from_message, chunks, geometry_to_message
from recon.wire.status import from_status

_OPTIONS = [
    ("grpc.max_receive_message_length", 5 * 1024 * 1024),
    ("grpc.max_send_message_length", 5 * 1024 * 1024),
    # a slice is one megabyte: the 64 KiB windows and 16 KiB frames that HTTP/2 starts with are too small
    ("grpc.http2.lookahead_bytes", 4 * 1024 * 1024),
    ("grpc.http2.max_frame_size", 1024 * 1024),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
]


@dataclass(frozen=True)
class Tls:
    """Files (PEM) for an encrypted connection; the certificate and its key where the service asks."""

    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


@dataclass(frozen=True)
class CtSlice:
    """One denoised slice.

    Attributes
    ----------
    index
        Position in the series, from 0.
    image, uncertainty
        (y, x) float32, HU; the uncertainty is half the width of the 90 % interval.
    verdict, checks
        Whether the slice may be used, and why.
    """

    index: int
    image: FloatImage
    uncertainty: FloatImage
    verdict: Verdict
    checks: list[Check]


@dataclass(frozen=True)
class ModelIdentity:
    """What makes the images, known as soon as the service has accepted a series.

    Attributes
    ----------
    name, version, sha256
        Of the model.
    software_version
        Of the service.
    coverage, conformal_factor
        Of the interval.
    """

    name: str
    version: str
    sha256: str
    software_version: str
    coverage: float
    conformal_factor: float

    def __str__(self) -> str:
        return f"{self.name}:{self.version} sha256:{self.sha256[:16]}"


@dataclass(frozen=True)
class SeriesReport:
    """What is known once a series is complete.

    Attributes
    ----------
    verdict, checks
        Of the worst slice.
    timings_ms
        Where the service's time went.
    attempts
        How often the stream had to be opened.
    """

    verdict: Verdict
    checks: list[Check]
    timings_ms: dict[str, float]
    attempts: int


class Denoising(Iterator[CtSlice]):
    """Slices as they become ready; ``report`` is there when the last one is out.

    Interrupted streams are resumed with the slices that are missing, as long as the deadline allows
    and the service makes progress.
    """

    def __init__(
        self, stub: ct_pb2_grpc.CtServiceStub, volume: Volume, header: ct_pb2.CtHeader,
        timeout_s: float, patience_s: float,
    ) -> None:  # fmt: skip
        self.report: SeriesReport | None = None
        self.model: ModelIdentity | None = None
        self.finished = 0
        self.attempts = 0
        self._stub, self._volume, self._header = stub, volume, header
        self._deadline = time.monotonic() + timeout_s
        self._patience = patience_s
        self._parts: list[ct_pb2.CtSeriesReport] = []
        self._checks: list[Check] = []
        self._results = self._run()
        self._call: grpc.Call | None = None

    def __next__(self) -> CtSlice:
        return next(self._results)

    def cancel(self) -> None:
        """Stop; the service frees what the stream held."""
        if self._call is not None:
            self._call.cancel()

    def _run(self) -> Iterator[CtSlice]:
        last_progress = time.monotonic()
        while True:
            before = self.finished
            try:
                yield from self._attempt()
                return
            except grpc.RpcError as failure:
                error, wait = _error_from(failure)
                if self.finished > before:
                    last_progress = time.monotonic()
                if not isinstance(error, ServiceUnavailable):
                    raise error from None
                wait *= random.uniform(0.8, 1.5)
                give_up = min(self._deadline, last_progress + self._patience)
                if time.monotonic() + wait > give_up:
                    raise error from None
                time.sleep(wait)

    def _attempt(self) -> Iterator[CtSlice]:
        self.attempts += 1
        offset, (slices, rows, columns) = self.finished, self._volume.shape
        header = ct_pb2.CtHeader()
        header.CopyFrom(self._header)
        header.slices = slices - offset
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise DeadlineExceeded(f"out of time after {offset} of {slices} slices")
        call = self._stub.Denoise(self._requests(header, offset), timeout=remaining)
        self._call = call
        try:
            image = bytearray()
            uncertainty = bytearray()
            types = (np.dtype("<f4"), np.dtype("<f4"))
            for response in call:
                part = response.WhichOneof("part")
                if part == "chunk":
                    chunk = response.chunk
                    (image if chunk.plane == common_pb2.PLANE_IMAGE else uncertainty).extend(chunk.data)
                elif part == "slice":
                    checks = [check_from_message(check) for check in response.slice.checks]
                    shape = (rows, columns)
                    pixels = np.frombuffer(image, types[0]).reshape(shape).astype(np.float32, copy=False)
                    width = np.frombuffer(uncertainty, types[1]).reshape(shape).astype(np.float32, copy=False)
                    result = CtSlice(offset + response.slice.slice_index, pixels, width, verdict_of(checks), checks)
                    image, uncertainty = bytearray(), bytearray()
                    self.finished = result.index + 1
                    self._checks = worst([*self._checks, *checks])
                    yield result
                elif part == "accepted":
                    made, covers = response.accepted.provenance, response.accepted.interval
                    types = (
                        SAMPLE_DTYPES[response.accepted.image_type],
                        SAMPLE_DTYPES[response.accepted.uncertainty_type],
                    )
                    self.model = ModelIdentity(
                        made.model, made.model_version, made.model_sha256, made.software_version,
                        covers.coverage, covers.conformal_factor,
                    )  # fmt: skip
                elif part == "report":
                    self._parts.append(response.report)
                    self.report = self._summary()
        finally:
            call.cancel()

    def _requests(self, header: ct_pb2.CtHeader, offset: int) -> Iterator[ct_pb2.DenoiseRequest]:
        yield ct_pb2.DenoiseRequest(header=header)
        for index in range(header.slices):
            values = np.ascontiguousarray(self._volume.values[offset + index], dtype="<f4")
            for chunk in chunks(index, common_pb2.PLANE_IMAGE, values.data.cast("B")):
                yield ct_pb2.DenoiseRequest(chunk=chunk)

    def _summary(self) -> SeriesReport:
        names = ("receive_ms", "prepare_ms", "network_ms", "finish_ms", "total_ms")
        return SeriesReport(
            verdict=verdict_of(self._checks),
            checks=self._checks,
            timings_ms={name: sum(getattr(part.timings, name) for part in self._parts) for name in names},
            attempts=self.attempts,
        )


class Client:
    """A connection to the service.

    Parameters
    ----------
    server
        HOST:PORT.
    tls
        Files for an encrypted connection; None connects in the clear.
    """

    def __init__(self, server: str, tls: Tls | None = None) -> None:
        if tls is None:
            self._channel = grpc.insecure_channel(server, _OPTIONS)
        else:
            parts = (tls.authority, tls.key, tls.certificate)
            credentials = grpc.ssl_channel_credentials(*(_read(path) for path in parts))
            self._channel = grpc.secure_channel(server, credentials, _OPTIONS)
        self.server = server

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection and end what still runs on it."""
        self._channel.close()

    def denoise_ct(
        self, volume: Volume, *, strength: float = 1.0, model: str = "", model_version: str = "",
        name: str = "", timeout_s: float = 3600.0, patience_s: float = 30.0,
    ) -> Denoising:  # fmt: skip
        """Denoise a CT series.

        Parameters
        ----------
        volume
            In HU.
        strength
            Share of the noise to remove, 0 to 1.
        model, model_version
            By default the service chooses.
        name
            For the service's log; leave patient data out.
        timeout_s
            For the whole series.
        patience_s
            How long to go on without a new slice while the service is unavailable.

        Returns
        -------
        Denoising
            Iterate over it; errors are those of :mod:`recon.errors`.
        """
        slices, rows, columns = volume.shape
        header = ct_pb2.CtHeader(
            series_name=name, rows=rows, columns=columns, slices=slices,
            sample_type=common_pb2.SAMPLE_TYPE_FLOAT32, unit=common_pb2.UNIT_HU,
            geometry=geometry_to_message(volume.geometry), strength=strength,
            model=model, model_version=model_version,
        )  # fmt: skip
        stub = ct_pb2_grpc.CtServiceStub(self._channel)
        return Denoising(stub, volume, header, timeout_s, patience_s)

    def models(self, timeout_s: float = 10.0) -> list[models_pb2.Model]:
        """What the service serves."""
        stub = models_pb2_grpc.ModelServiceStub(self._channel)
        try:
            return list(stub.ListModels(models_pb2.ListModelsRequest(), timeout=timeout_s).models)
        except grpc.RpcError as failure:
            raise _error_from(failure)[0] from None

    def wait_ready(self, timeout_s: float = 60.0) -> None:
        """Return when the service says SERVING.

        Raises
        ------
        ServiceUnavailable
            After ``timeout_s``.
        """
        stub = health_pb2_grpc.HealthStub(self._channel)
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=2.0)
                if answer.status == health_pb2.HealthCheckResponse.SERVING:
                    return
            except grpc.RpcError:
                pass
            if time.monotonic() > deadline:
                raise ServiceUnavailable(f"no service was ready at {self.server} within {timeout_s:.0f} s")
            time.sleep(0.1)


def _error_from(failure: grpc.RpcError) -> tuple[ReconError, float]:
    """Our error for a failed call, and how long to wait before another try."""
    status = rpc_status.from_call(failure)
    if status is not None:
        known, retry = from_status(status)
        if known is not None:
            return known, retry or 0.5
    code, details = failure.code(), failure.details() or "no details"
    if code == grpc.StatusCode.UNAVAILABLE:
        return ServiceUnavailable("the service can't be reached; is it running there?"), 0.5
    if code == grpc.StatusCode.DEADLINE_EXCEEDED:
        return DeadlineExceeded("the service did not answer in time"), 0.5
    if code == grpc.StatusCode.CANCELLED:
        return DeadlineExceeded("cancelled"), 0.5
    return InternalError(f"{code.name}: {details}"), 0.5


def _read(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidRequest(f"can't read {path}: {error.strerror}") from error


__all__ = ["Client", "CtSlice", "Denoising", "SeriesReport", "Tls"]
