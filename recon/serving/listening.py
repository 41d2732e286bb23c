"""The service's ports: calls, in the clear or with TLS, and metrics."""

from __future__ import annotations

import grpc
from prometheus_client import start_http_server

from recon.errors import InvalidRequest
from recon.serving.guard import Guard
from recon.serving.metrics import REGISTRY
from recon.serving.settings import Settings, content_of
from recon.wire.endpoint import check_authority, check_identity, checked_address

_OPTIONS = [
    ("grpc.max_receive_message_length", 5 * 1024 * 1024),
    ("grpc.max_send_message_length", 5 * 1024 * 1024),
    # a slice is one megabyte: the 64 KiB windows and 16 KiB frames that HTTP/2 starts with are too small
    ("grpc.http2.lookahead_bytes", 4 * 1024 * 1024),
    ("grpc.http2.max_frame_size", 1024 * 1024),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 5_000),
    # a client that tries again and again while Triton is away pings between calls: no offence
    ("grpc.keepalive_permit_without_calls", 1),
]


def guarded_server(*, shared_port: bool) -> grpc.aio.Server:
    """A gRPC server for slices behind the guard, which does not listen yet.

    Parameters
    ----------
    shared_port
        Whether other processes are to listen on the same port.
    """
    return grpc.aio.server(options=[*_OPTIONS, ("grpc.so_reuseport", int(shared_port))], interceptors=[Guard()])


def bind(server: grpc.aio.Server, settings: Settings) -> str:
    """Listen where the settings say; returns the address with the port that it became.

    Raises
    ------
    InvalidRequest
        When the port is taken, or the TLS files do not fit.
    """
    listen, credentials = checked_address(settings.listen, "--listen"), _credentials(settings)
    try:
        port = server.add_secure_port(listen, credentials) if credentials else server.add_insecure_port(listen)
    except RuntimeError as error:
        raise InvalidRequest(f"can't listen on {listen}: the port is taken or not yours") from error
    return f"{listen.rpartition(':')[0]}:{port}"


def serve_metrics(address: str) -> None:
    """Answer Prometheus at ``HOST:PORT``, on a thread.

    Raises
    ------
    InvalidRequest
        When that is no address, or it is taken.
    """
    host, _, port = address.rpartition(":")
    try:
        start_http_server(int(port), host or "127.0.0.1", registry=REGISTRY)
    except (OSError, ValueError, OverflowError) as error:
        raise InvalidRequest(f"can't serve metrics on {address}: {error}") from error


def _credentials(settings: Settings) -> grpc.ServerCredentials | None:
    cert, key, authority = (content_of(path) for path in (settings.tls_cert, settings.tls_key, settings.client_ca))
    if cert is None and key is None and authority is None:
        return None
    if cert is None or key is None:
        raise InvalidRequest("--tls-cert and --tls-key belong together")
    check_identity(settings.tls_cert, settings.tls_key)
    check_authority(settings.client_ca)
    return grpc.ssl_server_credentials([(key, cert)], authority, authority is not None)
