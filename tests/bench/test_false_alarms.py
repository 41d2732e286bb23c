"""Equal services are rarely called different."""

from __future__ import annotations

from recon.bench.false_alarms import simulate


def test_equal_services_are_rarely_called_different() -> None:
    alarms = simulate(trials=150, seed=5)
    assert alarms.blocks <= 0.07
    assert alarms.requests > 0.4
