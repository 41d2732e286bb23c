"""Triton's figures are shown beside the gateway's."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest

from recon.serving.metrics import TritonStatistics


def test_the_last_statistics_are_shown_for_each_model() -> None:
    registry, statistics = CollectorRegistry(), TritonStatistics()
    registry.register(statistics)
    names = ("inferences", "failures", "queue_seconds", "compute_seconds")
    assert b'model="' not in generate_latest(registry)
    for value in (1.0, 5.0):
        statistics.latest = {"ct_denoise": dict.fromkeys(names, value), "sense": dict.fromkeys(names, 2 * value)}
    shown = generate_latest(registry).decode()
    for name in names:
        assert f'recon_triton_{name}_total{{model="ct_denoise"}} 5.0' in shown
        assert f'recon_triton_{name}_total{{model="sense"}} 10.0' in shown
