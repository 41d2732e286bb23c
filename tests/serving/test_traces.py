"""The way of each slice as spans, in memory and at a collector."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from recon.errors import InvalidRequest
from recon.serving.settings import Settings
from recon.serving.traces import provider_of, provider_to, traced_by
from recon.v1 import ct_pb2
from tests.engine.test_cost import TASK, Peer, counted, engine, series

PARTS = {"receive", "queue", "prepare", "network", "finish", "send"}
SLICES = 5


def spans_of(messages: list[Any]) -> tuple[list[ReadableSpan], list[Any]]:
    """Of a stream of these messages, and what it answered."""
    exporter = InMemorySpanExporter()
    peer = Peer(messages)
    traced = traced_by(provider_of(SimpleSpanProcessor(exporter)))

    async def run() -> None:
        with contextlib.suppress(InvalidRequest):
            await engine(traced).run(TASK, ct_pb2.DenoiseResponse, peer)

    asyncio.run(run())
    return list(exporter.get_finished_spans()), peer.sent


def test_a_slice_is_a_span_with_its_parts_below_it() -> None:
    spans, sent = spans_of(series(SLICES))
    (stream,) = [span for span in spans if span.parent is None]
    assert stream.name == "ct stream"
    assert stream.status.status_code.name == "UNSET"
    slices = [span for span in spans if span.name == "slice"]
    assert sorted(span.attributes["recon.slice"] for span in slices) == list(range(SLICES))
    assert {span.parent.span_id for span in slices} == {stream.context.span_id}
    below = defaultdict(list)
    for span in spans:
        if span.parent is not None:
            below[span.parent.span_id].append(span)
    for one in slices:
        parts = below[one.context.span_id]
        assert {part.name for part in parts} == PARTS
        assert all(one.start_time <= part.start_time <= part.end_time <= one.end_time + 1e6 for part in parts)
        began = {part.name: part.start_time for part in parts}
        order = [began[name] for name in ("receive", "queue", "prepare", "network", "finish", "send")]
        assert order == sorted(order)
    # the same times as in the report
    timings = sent[-1].report.timings
    total: Counter[str] = Counter()
    for span in spans:
        total[span.name] += (span.end_time - span.start_time) / 1e6
    for name in PARTS - {"send"}:  # the report itself is sent after it was written
        assert total[name] == pytest.approx(getattr(timings, f"{name}_ms"), rel=0.01, abs=0.01)


def test_what_went_wrong_is_said_and_nothing_stays_open() -> None:
    spans, _ = spans_of(series(SLICES)[:-2])
    (stream,) = [span for span in spans if span.parent is None]
    assert stream.status.description == "InvalidRequest"
    assert sum(span.name == "slice" for span in spans) >= SLICES - 2


def test_a_slice_that_is_traced_takes_no_more_tasks_timers_threads_and_hops() -> None:
    traced = traced_by(provider_of(SimpleSpanProcessor(InMemorySpanExporter())))
    assert counted(10, traced) == counted(10)


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Keeps what comes."""

    def __init__(self) -> None:
        self.requests: list[Any] = []

    def Export(self, request: Any, context: Any) -> Any:
        self.requests.append(request)
        return trace_service_pb2.ExportTraceServiceResponse()


def test_a_collector_gets_them_before_the_service_ends() -> None:
    collector, server = Collector(), grpc.server(ThreadPoolExecutor(1))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(collector, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        provider = provider_to(f"http://127.0.0.1:{port}")
        with traced_by(provider)("mr") as trace:
            trace.begin(0)
            trace.part("network", 1.0, 1.5, 0)
            trace.sent(0)
        provider.shutdown()
    finally:
        server.stop(None)
    resources = [part for request in collector.requests for part in request.resource_spans]
    names = [span.name for part in resources for scope in part.scope_spans for span in scope.spans]
    assert sorted(names) == ["mr stream", "network", "slice"]
    assert {a.key: a.value.string_value for a in resources[0].resource.attributes}["service.name"] == "recon"


def test_the_endpoint_comes_from_the_option_or_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().traces is None
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317")
    assert Settings().traces == "http://collector:4317"
    assert Settings(traces="http://other:4317").traces == "http://other:4317"
    with pytest.raises(InvalidRequest, match="http://HOST:PORT"):
        provider_to("collector:4317")
