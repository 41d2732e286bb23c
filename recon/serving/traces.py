"""The way of each slice as OpenTelemetry spans: a stream, its slices, and the parts of each."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any

from recon.engine.trace import Trace, Traced
from recon.errors import InvalidRequest, MissingExtra, with_extra

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    from opentelemetry.trace import Span, Tracer

#: Spans that wait for the collector; more are dropped.
_MOST_WAITING = 16384
#: For the collector to take a batch.
_EXPORT_S = 5.0


def provider_to(endpoint: str) -> TracerProvider:
    """What sends spans to a collector, from a thread of its own; what it does not take is dropped.

    Parameters
    ----------
    endpoint
        Of OTLP over gRPC, ``http://HOST:PORT``, or ``https://`` for an encrypted connection.

    Raises
    ------
    InvalidRequest
        When the endpoint is none.
    MissingExtra
        When OpenTelemetry is not installed.
    """
    if not endpoint.startswith(("http://", "https://")):
        raise InvalidRequest(f"--traces {endpoint}: give http://HOST:PORT or https://HOST:PORT")
    try:
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        raise MissingExtra(with_extra(f"--traces needs {error.name}", "traces")) from error
    exporter = OTLPSpanExporter(endpoint, insecure=endpoint.startswith("http://"), timeout=_EXPORT_S)
    return provider_of(BatchSpanProcessor(exporter, max_queue_size=_MOST_WAITING))


def provider_of(processor: SpanProcessor) -> TracerProvider:
    """Spans that are named as this service's and handed to a processor."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    provider = TracerProvider(resource=Resource.create({"service.name": "recon"}))
    provider.add_span_processor(processor)
    return provider


def traced_by(provider: TracerProvider) -> Traced:
    """A span for each stream, with those of its slices below it."""
    tracer = provider.get_tracer("recon")
    return lambda task: StreamSpans(tracer, task)


class StreamSpans(AbstractContextManager[Trace]):
    """The spans of one stream; see :class:`recon.engine.trace.Trace`."""

    def __init__(self, tracer: Tracer, task: str) -> None:
        from opentelemetry.trace import set_span_in_context

        self._tracer, self._below = tracer, set_span_in_context
        self._epoch_ns = time.time_ns() - time.perf_counter_ns()
        self._stream = tracer.start_span(f"{task} stream", attributes={"recon.task": task})
        self._context = set_span_in_context(self._stream)
        self._received: list[tuple[float, float]] = []
        self._slices: dict[int, tuple[Span, Any]] = {}

    def begin(self, index: int) -> None:
        """See :class:`Trace`."""
        since = self._received[0][0] if self._received else time.perf_counter()
        attributes = {"recon.slice": index}
        span = self._tracer.start_span("slice", self._context, attributes=attributes, start_time=self._at(since))
        self._slices[index] = span, self._below(span)
        received, self._received = self._received, []
        for began, ended in received:
            self.part("receive", began, ended, index)

    def part(self, name: str, began: float, ended: float, index: int | None) -> None:
        """See :class:`Trace`."""
        if name == "receive" and index is None:
            self._received.append((began, ended))
            return
        context = self._context if index is None or index not in self._slices else self._slices[index][1]
        self._tracer.start_span(name, context, start_time=self._at(began)).end(self._at(ended))

    def sent(self, index: int) -> None:
        """See :class:`Trace`."""
        span, _ = self._slices.pop(index)
        span.end()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from opentelemetry.trace import Status, StatusCode

        for span, _ in self._slices.values():
            span.end()
        if kind is not None:
            self._stream.set_status(Status(StatusCode.ERROR, kind.__name__))
        self._stream.end()

    def _at(self, seconds: float) -> int:
        return self._epoch_ns + round(1e9 * seconds)
