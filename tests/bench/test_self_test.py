"""What the instrument finds out about itself."""

from __future__ import annotations

import asyncio

import pytest

from recon.bench.self_test import caught, stall

#: What it measures is time: nothing runs beside it.
pytestmark = pytest.mark.service


def test_a_stopped_server_shows_in_the_99th_percentile() -> None:
    on_schedule, closed = asyncio.run(stall())
    assert on_schedule["p99"] > 1600
    assert closed["p99"] < 0.5 * on_schedule["p99"]  # where it would have been hidden


@pytest.mark.parametrize("fault", ["errors", "drops", "wrong"])
def test_faults_are_caught(fault: str) -> None:
    assert asyncio.run(caught(fault))


def test_a_server_without_fault_is_not_caught() -> None:
    assert not asyncio.run(caught("none"))
