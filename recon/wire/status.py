"""Errors to ``google.rpc.Status`` with details, and back."""

from __future__ import annotations

import grpc
from google.protobuf import any_pb2
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2

from recon.errors import ReconError, error_from_reason, outcome_of, reason_of

DOMAIN = "recon.v1"


def code_of(error: ReconError) -> grpc.StatusCode:
    """The gRPC status code of an error."""
    return grpc.StatusCode[outcome_of(error).status]


def to_status(error: ReconError) -> status_pb2.Status:
    """The status with ErrorInfo, and BadRequest or RetryInfo where they apply."""
    outcome = outcome_of(error)
    details = [error_details_pb2.ErrorInfo(reason=reason_of(error), domain=DOMAIN)]
    if error.field:
        violation = error_details_pb2.BadRequest.FieldViolation(field=error.field, description=error.problem)
        details.append(error_details_pb2.BadRequest(field_violations=[violation]))
    if outcome.retry_after_s is not None:
        delay = Duration()
        delay.FromMilliseconds(int(outcome.retry_after_s * 1000))
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    packed = []
    for detail in details:
        wrapped = any_pb2.Any()
        wrapped.Pack(detail)
        packed.append(wrapped)
    return status_pb2.Status(code=code_of(error).value[0], message=error.problem, details=packed)


def from_status(status: status_pb2.Status) -> tuple[ReconError | None, float | None]:
    """The error that a status was made from (None when it is not ours) and when to try again."""
    found: ReconError | None = None
    field, retry = "", None
    for detail in status.details:
        info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        again = error_details_pb2.RetryInfo()
        if detail.Unpack(info) and info.domain == DOMAIN:
            found = error_from_reason(info.reason)(status.message)
        elif detail.Unpack(bad) and bad.field_violations:
            field = bad.field_violations[0].field
        elif detail.Unpack(again):
            retry = again.retry_delay.ToMilliseconds() / 1000
    if found is not None:
        found.field = field
    return found, retry
