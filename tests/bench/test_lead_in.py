"""What is counted of an open loop finds the queue of a service at work, and a block ends all the same."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from recon.arrays import DoubleArray
from recon.bench.answers import Answers
from recon.bench.blocks import Load, LoadBlock, Plan, run_block
from recon.bench.lead_in import FEWEST, LONGEST_S, MOST, LeadIn, lead_in
from recon.bench.observation import Reply
from recon.bench.processes import Processes
from recon.bench.summary import block_medians, summarize
from tests.bench.waiting import Waiting


def _waits(load: float, before: int, counted: int = 8, blocks: int = 4000) -> DoubleArray:
    """In services of one length, of one server that is idle when a block begins (Lindley's recursion)."""
    gaps = np.random.default_rng(0).exponential(1 / load, (before + counted, blocks))
    waits = np.zeros_like(gaps)
    for number in range(1, before + counted):
        waits[number] = np.maximum(0, waits[number - 1] + 1 - gaps[number])
    return waits[before:]


@pytest.mark.parametrize("load", [0.5, 0.8, 0.9])
def test_waiting_is_that_of_a_service_at_work(load: float) -> None:
    steady = load / (2 * (1 - load))  # Pollaczek and Khinchine
    assert _waits(load, 0).mean() < 0.75 * steady
    assert _waits(load, lead_in(40.0, load).requests).mean() == pytest.approx(steady, rel=0.1)


def test_a_block_of_long_services_ends() -> None:
    assert lead_in(1.6, 0.8) == LeadIn(int(1.6 * LONGEST_S), 72)
    assert lead_in(0.01, 0.5) == LeadIn(FEWEST, 6)
    assert lead_in(1000.0, 0.99) == LeadIn(MOST, 39402)
    assert lead_in(30.0, 1.2) == LeadIn(FEWEST, None)


class SlowAtFirst(Waiting):
    """Takes long for the first three requests; with a fault the second of them gets a wrong answer."""

    def __init__(self, fault: bool = False) -> None:
        super().__init__(0.01)
        self.fault, self.count = fault, 0

    async def __call__(self, item: int, slices: int) -> Reply:
        self.count += 1
        self.delay_s = 0.3 if self.count <= 3 else 0.01
        wrong = self.fault and self.count == 2
        found = await super().__call__(item, slices)
        return replace(found, slices=0) if wrong else found


def _block(route: Waiting) -> LoadBlock:
    load = Load("open", 100.0, lead_in=LeadIn(3, 3))
    return asyncio.run(run_block("gateway", route, load, Plan(1, 5), 0, Answers(), Processes({})))


def test_a_lead_in_is_sent_and_its_times_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recon.bench.open_loop._TOLERANCE_S", 5.0)
    block = _block(SlowAtFirst())
    assert (len(block.lead_in), len(block.observations)) == (3, 5)
    assert max(one.due_s for one in block.lead_in) < min(one.due_s for one in block.observations)
    found = summarize([block])
    assert found["valid"], found["reasons"]
    assert (found["requests"], found["latency_ms"]["p50"]["samples"]) == (5, 5)
    assert max(one.latency_s for one in block.observations) < 0.3
    assert found["slices_per_s"] == pytest.approx(8 / (block.ended_s - block.began_s), rel=0.01)
    assert found["most_in_flight"] >= 3


def test_a_lead_in_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recon.bench.open_loop._TOLERANCE_S", 5.0)
    block = _block(SlowAtFirst(fault=True))
    assert summarize([block])["reasons"] == ["1 of 8 answers: 0 of 1 slices"]
    assert block_medians([block]) == {}
    late = [replace(one, due_s=one.due_s - 10.0) for one in _block(SlowAtFirst()).lead_in]
    assert "3 of 8" in summarize([replace(_block(SlowAtFirst()), lead_in=late)])["reasons"][0]
