"""TLS as BCP 195 (RFC 9325) and PS3.15 B.9 want it: 1.2 or 1.3, forward secrecy, authenticated encryption."""

from __future__ import annotations

import ssl

from recon.doors.node.peers import TlsFiles
from recon.errors import InvalidRequest

#: Of TLS 1.2; those of 1.3 are all in order.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM"


def listener_context(files: TlsFiles) -> ssl.SSLContext:
    """For a listener; with ``ca``, callers must show a certificate that it signed.

    Raises
    ------
    InvalidRequest
        When a file can't be used.
    """
    context = _context(ssl.PROTOCOL_TLS_SERVER, files)
    if files.ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def caller_context(files: TlsFiles) -> ssl.SSLContext:
    """For a connection that we make; the other side must show a certificate for its name, signed by ``ca``.

    Raises
    ------
    InvalidRequest
        When a file can't be used.
    """
    context = _context(ssl.PROTOCOL_TLS_CLIENT, files)
    if files.ca is None:
        context.load_default_certs()
    return context


def _context(protocol: int, files: TlsFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    try:
        if files.cert is not None:
            context.load_cert_chain(files.cert, files.key)
        if files.ca is not None:
            context.load_verify_locations(files.ca)
    except (OSError, ssl.SSLError) as error:
        named = ", ".join(str(path) for path in (files.cert, files.key, files.ca) if path)
        raise InvalidRequest(f"TLS files {named} can't be used: {error}") from error
    return context
