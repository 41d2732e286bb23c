"""Around every request: one log line, metrics, and errors as rich status."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import structlog
from grpc_status import rpc_status

from recon.errors import InternalError, ReconError, outcome_of
from recon.serving.metrics import REQUEST_SECONDS, REQUESTS, SLICES, STREAMS
from recon.wire.status import to_status

log = structlog.get_logger()


class RequestRecord:
    """What a request's log line will say."""

    def __init__(self, method: str) -> None:
        self.method = method
        self.slices_done = 0
        self.fields: dict[str, Any] = {}

    def note(self, **fields: Any) -> None:
        """Add fields to the line."""
        self.fields.update(fields)


@asynccontextmanager
async def guarded(context: grpc.aio.ServicerContext, method: str) -> AsyncIterator[RequestRecord]:
    """Turn errors into statuses and account for the request."""
    record = RequestRecord(method)
    began = time.perf_counter()
    status, failure = grpc.StatusCode.OK, None
    STREAMS.labels(method).inc()
    try:
        yield record
    except ReconError as error:
        status, failure = outcome_of(error).status, error
    except asyncio.CancelledError:
        status = grpc.StatusCode.CANCELLED
        raise
    except grpc.aio.AbortError:
        raise
    except Exception as error:
        if context.cancelled() or context.done():  # the peer went away while we wrote
            status = grpc.StatusCode.CANCELLED
        else:
            log.exception("defect", method=method)
            failure = InternalError("the service failed; its log says why")
            failure.__cause__ = error
            status = grpc.StatusCode.INTERNAL
    finally:
        seconds = time.perf_counter() - began
        STREAMS.labels(method).dec()
        REQUESTS.labels(method, status.name).inc()
        REQUEST_SECONDS.labels(method).observe(seconds)
        SLICES.labels(method).inc(record.slices_done)
        log.info(
            "request",
            method=method,
            status=status.name,
            seconds=round(seconds, 4),
            slices_done=record.slices_done,
            problem=failure.problem if failure else None,
            peer=context.peer(),
            **record.fields,
        )
    if failure is not None:
        await context.abort_with_status(rpc_status.to_status(to_status(failure)))
