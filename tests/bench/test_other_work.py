"""What other programs take of the processor is told from what this one takes."""

from __future__ import annotations

import pytest

from recon.bench import other_work
from recon.bench.other_work import OtherWork, busy_ticks

STAT = """cpu  900 9 90 9000 90 9 9 9 0 0
cpu0 100 1 10 1000 500 2 3 4 50 0
cpu1 200 0 20 2000 500 0 0 0 0 0
intr 5 6 7
"""


def test_busy_is_all_but_idle_and_waiting_on_the_cores_that_count() -> None:
    assert busy_ticks(STAT, {0}) == 100 + 1 + 10 + 2 + 3 + 4
    assert busy_ticks(STAT, {0, 1}) == 120 + 220
    assert busy_ticks(STAT, {7}) == 0


def test_own_work_is_not_that_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, busy, own = [0.0], [0.0], [0.0]
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})
    monkeypatch.setattr(other_work, "_busy_s", lambda: busy[0])
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    monkeypatch.setattr("time.process_time", lambda: own[0])
    watch = OtherWork()
    clock[0], busy[0], own[0] = 10.0, 20.0, 15.0
    assert watch.share == pytest.approx(0.25)
    own[0] = 20.0
    assert watch.share == 0
