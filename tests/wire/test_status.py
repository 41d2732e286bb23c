"""Errors survive the wire, with what a caller is to do."""

from __future__ import annotations

import grpc
import pytest

from recon.errors import OUTCOMES, InvalidRequest, ReconError, ServiceUnavailable
from recon.wire.status import from_status, to_status


@pytest.mark.parametrize("kind", list(OUTCOMES))
def test_every_error_survives_the_wire(kind: type[ReconError]) -> None:
    status = to_status(kind("what, where, what to do", field="slices"))
    assert status.code == grpc.StatusCode[OUTCOMES[kind].status].value[0]
    error, retry = from_status(status)
    assert type(error) is kind
    assert error.problem == "what, where, what to do"
    assert error.field == "slices"
    assert retry == OUTCOMES[kind].retry_after_s


def test_only_errors_that_pass_ask_to_be_tried_again() -> None:
    assert from_status(to_status(ServiceUnavailable("x")))[1] is not None
    assert from_status(to_status(InvalidRequest("x")))[1] is None
