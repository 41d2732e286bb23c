"""Around every request: one log line, metrics, and errors as rich status."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import structlog
from grpc_status import rpc_status

from recon.engine.record import begin
from recon.errors import DeadlineExceeded, InternalError, ReconError
from recon.serving.metrics import REQUEST_SECONDS, REQUESTS, SLICES, STREAMS
from recon.serving.peer import GrpcContext, PeerGone, abort
from recon.wire.status import code_of, to_status
from recon.wire.text import bounded_text

log = structlog.get_logger()

#: Our own services; health and reflection answer by themselves.
_PREFIX = "/recon."


class Guard(grpc.aio.ServerInterceptor):
    """Turns errors of our services into statuses and accounts for each request."""

    async def intercept_service(
        self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: Any
    ) -> grpc.RpcMethodHandler:
        """Wrap the handler of a call."""
        handler = await continuation(handler_call_details)
        path: str = handler_call_details.method
        if handler is None or not path.startswith(_PREFIX):
            return handler
        method = _short(path)
        if handler.stream_stream is not None:
            behaviour = handler.stream_stream

            async def stream(messages: Any, context: GrpcContext) -> None:
                await _guarded(method, context, lambda: behaviour(messages, context))

            return grpc.stream_stream_rpc_method_handler(
                stream, handler.request_deserializer, handler.response_serializer
            )
        answer = handler.unary_unary

        async def unary(message: Any, context: GrpcContext) -> Any:
            async def handle() -> Any:
                bounded_text(message)
                return await answer(message, context)

            return await _guarded(method, context, handle)

        return grpc.unary_unary_rpc_method_handler(unary, handler.request_deserializer, handler.response_serializer)


async def _guarded(method: str, context: GrpcContext, handle: Callable[[], Awaitable[Any]]) -> Any:
    record, peer = begin(method), context.peer()  # which a call that has ended no longer knows
    began = time.perf_counter()
    status, failure, answer = grpc.StatusCode.OK, None, None
    STREAMS.labels(method).inc()
    try:
        try:
            answer = await handle()
        except ReconError as error:
            status, failure = code_of(error), error
        except (grpc.aio.AbortError, PeerGone):
            raise
        except Exception as error:
            if context.cancelled() or context.done():
                raise PeerGone from error
            log.exception("defect", method=method)
            failure = InternalError("the service failed; its log says why")
            failure.__cause__ = error
            status = grpc.StatusCode.INTERNAL
        if failure is not None:  # told before it is booked: only so is it known whether the peer is still there
            await abort(context, rpc_status.to_status(to_status(failure)))
    except (PeerGone, asyncio.CancelledError) as gone:
        if not isinstance(failure, DeadlineExceeded):  # at which the peer goes, too
            status, failure = grpc.StatusCode.CANCELLED, None
        raise asyncio.CancelledError from gone  # which gRPC takes as it is meant
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
            peer=peer,
            **record.fields,
        )
    return answer


def _short(path: str) -> str:
    """``/recon.v1.CtService/Denoise`` as ``ct.Denoise``."""
    service, _, method = path.rpartition("/")
    name = service.rpartition(".")[2].removesuffix("Service").lower()
    return f"{'models' if name == 'model' else name}.{method}"
