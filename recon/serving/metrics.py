"""Prometheus metrics of the gateway, with Triton's own statistics beside them.

The embedded Triton has no HTTP port, so its figures come over gRPC and are shown here.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

REGISTRY = CollectorRegistry()

REQUESTS = Counter("recon_requests", "Finished requests", ["method", "status"], registry=REGISTRY)
REQUEST_SECONDS = Histogram(
    "recon_request_seconds",
    "Duration of requests",
    ["method"],
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300),
    registry=REGISTRY,
)
SLICES = Counter("recon_slices", "Slices returned", ["method"], registry=REGISTRY)
STREAMS = Gauge("recon_streams", "Requests under way", ["method"], registry=REGISTRY)
READY = Gauge("recon_ready", "1 while the models answer", registry=REGISTRY)
RESTARTS = Gauge("recon_triton_restarts", "Restarts of the embedded Triton", registry=REGISTRY)


class TritonStatistics(Collector):
    """The last statistics that were read from Triton."""

    def __init__(self) -> None:
        self.latest: dict[str, dict[str, float]] = {}

    def collect(self) -> Iterator[Metric]:
        """One family a figure, one sample a model."""
        for key in ("inferences", "failures", "queue_seconds", "compute_seconds"):
            family = CounterMetricFamily(f"recon_triton_{key}", f"Triton's {key}", labels=["model"])
            for model, values in self.latest.items():
                family.add_metric([model], values[key])
            yield family


TRITON = TritonStatistics()
REGISTRY.register(TRITON)
