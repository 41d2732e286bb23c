"""Failed calls to Triton as errors of ours."""

from __future__ import annotations

import grpc
import structlog

from recon.errors import InternalError, ReconError, ServiceUnavailable, UnknownModel

log = structlog.get_logger()

#: Of a call that is to be made again.
RESTARTED = "the model server was restarted; try again"


def forgets_memory(error: grpc.RpcError) -> bool:
    """Whether Triton does not know a segment that was registered with it: it is another process than it was."""
    return error.code() is grpc.StatusCode.NOT_FOUND and "shared memory region" in (error.details() or "")


def translated(error: grpc.RpcError) -> ReconError:
    """The error to raise. Triton's text goes to the log alone: it can name memory segments."""
    code = error.code()
    log.warning("triton_error", status=code.name, error=error.details())
    if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
        return ServiceUnavailable("the model server is not available; try again")
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return ServiceUnavailable("the model server did not answer in time; try again")
    if code is grpc.StatusCode.NOT_FOUND:
        return UnknownModel("no such model")
    return InternalError("the model failed on this input; the service's log says more")
