"""Addresses and TLS files, looked at before anything waits for them."""

from __future__ import annotations

import re
import ssl
from pathlib import Path

from recon.errors import InvalidRequest

#: The service at a name or on loopback is never behind a proxy for web pages.
NO_PROXY = ("grpc.enable_http_proxy", 0)
_HOST_PORT = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%\w]+\]|[A-Za-z0-9._-]+):(?P<port>\d{1,5})")


def checked_address(text: str, option: str) -> str:
    """The address as it was given.

    Parameters
    ----------
    text
        ``HOST:PORT``, ``[IPv6]:PORT`` or ``unix:PATH``.
    option
        Where it was given, for the error.

    Raises
    ------
    InvalidRequest
        When it is none of them.
    """
    found = _HOST_PORT.fullmatch(text)
    if text.startswith("unix:") or (found is not None and int(found["port"]) <= 65535):
        return text
    raise InvalidRequest(f"{option} is {text[:80]!r}; write HOST:PORT, such as 127.0.0.1:50051", field=option)


def check_authority(path: Path | None) -> None:
    """Raise ``InvalidRequest`` when a file holds no certificates of an authority; None is none."""
    if path is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError as error:
        raise InvalidRequest(f"{path} holds no certificate of an authority (PEM)") from error
    except OSError as error:
        raise InvalidRequest(f"can't read {path}: {error.strerror}") from error


def check_identity(certificate: Path | None, key: Path | None) -> None:
    """Raise ``InvalidRequest`` when certificate and key (PEM) are damaged or do not belong together."""
    if certificate is None or key is None:
        return
    for path, kind, words in ((certificate, "CERTIFICATE", "certificate"), (key, "PRIVATE KEY", "private key")):
        try:
            text = path.read_bytes()
        except OSError as error:
            raise InvalidRequest(f"can't read {path}: {error.strerror}") from error
        if b"-----BEGIN" not in text or kind.encode() not in text:
            raise InvalidRequest(f"{path} holds no {words} (PEM)")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=lambda: "")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise InvalidRequest(f"{key} is not the key of {certificate}") from error
        raise InvalidRequest(f"{certificate} and {key} can't be used: damaged, or the key has a passphrase") from error
