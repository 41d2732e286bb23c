"""A closed loop keeps as many requests under way as it is told."""

from __future__ import annotations

import asyncio

from recon.bench.closed_loop import closed_loop
from recon.bench.summary import most_in_flight
from tests.bench.waiting import Waiting, first


def test_a_closed_loop_keeps_its_concurrency() -> None:
    found = asyncio.run(closed_loop(Waiting(0.01), 3, 12, first, 1, 5))
    assert len(found) == 12
    assert most_in_flight(found) == 3
    assert all(observation.due_s == observation.sent_s for observation in found)


def test_time_runs_out() -> None:
    found = asyncio.run(closed_loop(Waiting(5), 1, 1, first, 1, 0.05))
    assert found[0].status == "TIMEOUT"
