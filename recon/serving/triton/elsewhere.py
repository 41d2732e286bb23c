"""A site's own Triton, which is not started here."""

from __future__ import annotations

from recon.errors import InvalidRequest
from recon.serving.settings import Settings, content_of
from recon.serving.triton.private_memory import SHARED
from recon.serving.triton.process import TritonAddress
from recon.wire.endpoint import check_authority, checked_address


def address_of(settings: Settings) -> TritonAddress:
    """Where it is and how it is called, as the settings name it.

    Raises
    ------
    InvalidRequest
        When that is no address, a file can't be read, a token would be sent in the clear, or settings are for
        the embedded Triton.
    """
    assert settings.triton is not None
    if settings.tuning:
        raise InvalidRequest("--tuning is for the embedded Triton; --triton names one with settings of its own")
    url = checked_address(settings.triton, "--triton")
    local = url.rpartition(":")[0] in ("localhost", "127.0.0.1", "[::1]")
    check_authority(settings.triton_ca)
    token = content_of(settings.triton_token_file)
    if token is not None and settings.triton_ca is None and not local:
        raise InvalidRequest("--triton-token-file needs --triton-ca: a token is not sent in the clear")
    headers = {} if token is None else {"authorization": f"Bearer {token.decode().strip()}"}
    return TritonAddress(url, headers, SHARED if local else None, settings.triton_ca)
