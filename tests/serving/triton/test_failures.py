"""What Triton's failures mean to a caller, without Triton's own words."""

from __future__ import annotations

import grpc
import pytest

from recon.errors import InternalError, ReconError, ServiceUnavailable, UnknownModel
from recon.serving.triton.failures import translated


class Failure(grpc.RpcError):
    def __init__(self, code: grpc.StatusCode) -> None:
        self._code = code

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return "segment recon_17_secret"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (grpc.StatusCode.UNAVAILABLE, ServiceUnavailable),
        (grpc.StatusCode.CANCELLED, ServiceUnavailable),
        (grpc.StatusCode.DEADLINE_EXCEEDED, ServiceUnavailable),
        (grpc.StatusCode.NOT_FOUND, UnknownModel),
        (grpc.StatusCode.INVALID_ARGUMENT, InternalError),
        (grpc.StatusCode.INTERNAL, InternalError),
    ],
)
def test_failures(code: grpc.StatusCode, kind: type[ReconError]) -> None:
    found = translated(Failure(code))
    assert type(found) is kind
    assert "secret" not in found.problem
