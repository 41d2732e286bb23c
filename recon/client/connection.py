"""A connection to the service."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from recon.client.resume import Run, error_from
from recon.errors import InvalidRequest, ServiceUnavailable
from recon.tasks.registry import task_of
from recon.tasks.series import Series
from recon.v1 import models_pb2, models_pb2_grpc
from recon.values.readouts import KSpace
from recon.volumes import Volume
from recon.wire.calls import opener
from recon.wire.endpoint import NO_PROXY, check_authority, check_identity, checked_address

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
    NO_PROXY,
]


@dataclass(frozen=True)
class Tls:
    """Files (PEM) for an encrypted connection; the certificate and its key where the service asks."""

    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


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
        checked_address(server, "--server")
        if tls is None:
            self._channel = grpc.insecure_channel(server, _OPTIONS)
        else:
            check_authority(tls.authority)
            check_identity(tls.certificate, tls.key)
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

    def run(
        self, task: str, *inputs: Any, model: str = "", model_version: str = "", name: str = "",
        timeout_s: float = 3600.0, patience_s: float = 30.0, **options: Any,
    ) -> Run:  # fmt: skip
        """Send a series of any task.

        Parameters
        ----------
        task
            Its name, such as ``ct``.
        inputs
            What it takes, such as a volume.
        model, model_version
            By default the service chooses.
        name
            For the service's log; leave patient data out.
        timeout_s
            For the whole series.
        patience_s
            How long to go on without a new slice while the service is unavailable.
        options
            The task's own.

        Returns
        -------
        Run
            Iterate over it; errors are those of :mod:`recon.errors`.
        """
        series = task_of(task).series(*inputs, name=name, model=model, model_version=model_version, **options)
        return self.send(task, series, timeout_s, patience_s)

    def send(self, task: str, series: Series, timeout_s: float = 3600.0, patience_s: float = 30.0) -> Run:
        """Send what a task has made of its inputs; see :meth:`run`."""
        return Run(series, opener(self._channel, task_of(task).method), timeout_s, patience_s)

    def denoise_ct(
        self, volume: Volume, *, strength: float = 1.0, model: str = "", model_version: str = "",
        name: str = "", timeout_s: float = 3600.0, patience_s: float = 30.0,
    ) -> Run:  # fmt: skip
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
        Run
            Iterate over it; errors are those of :mod:`recon.errors`.
        """
        return self.run(
            "ct", volume, name=name, model=model, model_version=model_version, timeout_s=timeout_s,
            patience_s=patience_s, strength=strength,
        )  # fmt: skip

    def reconstruct_mr(
        self, kspace: KSpace, *, model: str = "", model_version: str = "",
        name: str = "", timeout_s: float = 3600.0, patience_s: float = 30.0,
    ) -> Run:  # fmt: skip
        """Reconstruct images from Cartesian k-space.

        Parameters
        ----------
        kspace
            Read slice by slice as it is sent.
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
        Run
            Iterate over it; errors are those of :mod:`recon.errors`.
        """
        return self.run(
            "mr", kspace, name=name, model=model, model_version=model_version, timeout_s=timeout_s,
            patience_s=patience_s,
        )  # fmt: skip

    def synthesize_contrast(
        self, pre: Volume, low: Volume, *, dose_fraction: float = 0.1, model: str = "", model_version: str = "",
        name: str = "", timeout_s: float = 3600.0, patience_s: float = 30.0,
    ) -> Run:  # fmt: skip
        """Synthesise the full-dose contrast image.

        Parameters
        ----------
        pre, low
            T1 scans before contrast and after the reduced dose, each in its own geometry.
        dose_fraction
            Dose given over the full dose, 0.05 to 0.5.
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
        Run
            Iterate over it; errors are those of :mod:`recon.errors`.
        """
        return self.run(
            "contrast", pre, low, name=name, model=model, model_version=model_version, timeout_s=timeout_s,
            patience_s=patience_s, dose_fraction=dose_fraction,
        )  # fmt: skip

    def models(self, timeout_s: float = 10.0) -> list[models_pb2.Model]:
        """What the service serves."""
        stub = models_pb2_grpc.ModelServiceStub(self._channel)
        try:
            return list(stub.ListModels(models_pb2.ListModelsRequest(), timeout=timeout_s).models)
        except grpc.RpcError as failure:
            raise error_from(failure)[0] from None

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


def _read(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidRequest(f"can't read {path}: {error.strerror}") from error
