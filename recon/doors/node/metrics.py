"""Prometheus metrics, read off the ledger: the same whichever part is asked, and right after a restart."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from recon.doors.node.config import NodeConfig
from recon.doors.node.ledger import Ledger

_COUNTED = {
    "series": ("SELECT state, count(*) FROM series GROUP BY state", ("state",)),
    "jobs": ("SELECT task, state, verdict, count(*) FROM jobs GROUP BY 1, 2, 3", ("task", "state", "verdict")),
    "deliveries": (
        "SELECT destination, kind, state, count(*) FROM deliveries GROUP BY 1, 2, 3",
        ("destination", "kind", "state"),
    ),
    "commitments": (
        "SELECT CASE ours WHEN 1 THEN 'asked' ELSE 'answered' END, state, count(*) FROM commitments GROUP BY 1, 2",
        ("direction", "state"),
    ),
}


def exposition(config: NodeConfig, ledger: Ledger) -> str:
    """All metrics in Prometheus' text format; no label holds patient data."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Counts(config, ledger))
    return generate_latest(registry).decode()


class _Counts(Collector):
    def __init__(self, config: NodeConfig, ledger: Ledger) -> None:
        self._config, self._ledger = config, ledger

    def collect(self) -> Iterator[Metric]:
        """Counts by state, the age of what waits longest, and the room on the disk."""
        with self._ledger.looking() as base:
            for name, (query, labels) in _COUNTED.items():
                family = GaugeMetricFamily(f"recon_node_{name}", f"{name.capitalize()} by state", labels=labels)
                for row in base.execute(query):
                    family.add_metric([str(value) for value in tuple(row)[:-1]], row[len(labels)])
                yield family
            instances = base.execute("SELECT count(*), coalesce(sum(size), 0) FROM instances").fetchone()
            waiting = base.execute(
                "SELECT destination, min(created) FROM deliveries WHERE state = 'pending' GROUP BY destination"
            ).fetchall()
        yield GaugeMetricFamily("recon_node_instances", "Instances kept", value=instances[0])
        yield GaugeMetricFamily("recon_node_instances_bytes", "Their size", value=instances[1])
        oldest = GaugeMetricFamily("recon_node_oldest_delivery_seconds", "Age of what waits", labels=["destination"])
        for name, created in waiting:
            oldest.add_metric([name], time.time() - created)
        yield oldest
        usage = shutil.disk_usage(self._config.folder)
        yield GaugeMetricFamily("recon_node_disk_free_share", "Of the node's disk", value=usage.free / usage.total)
