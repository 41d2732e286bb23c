"""A connection to the service."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import grpc
from google.protobuf.descriptor import MethodDescriptor
from grpc_health.v1 import health_pb2, health_pb2_grpc

from recon.client.calls import Calls
from recon.client.streams import Opener, error_from, grpc_opener
from recon.errors import InvalidRequest, ServiceUnavailable
from recon.v1 import models_pb2, models_pb2_grpc
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


class Client(Calls):
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

    def close(self) -> None:
        """Close the connection and end what still runs on it."""
        self._channel.close()

    def opener(self, method: MethodDescriptor) -> Opener:
        """Opens streams of a method on this connection."""
        return grpc_opener(self._channel, method)

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
                raise ServiceUnavailable(
                    f"no service was ready at {self.server} within {timeout_s:.0f} s; is recon serve running there?"
                )
            time.sleep(0.1)


def _read(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidRequest(f"can't read {path}: {error.strerror}") from error
