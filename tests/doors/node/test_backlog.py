"""A long backlog costs no more for each study than a short one: steps of the database and memory are counted."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from recon.doors.node.config import NodeConfig
from recon.doors.node.ledger import Ledger
from recon.doors.node.outbox import Outbox
from recon.doors.node.outcome import Meaning, Outcome
from recon.doors.node.releases import Releases
from recon.doors.node.work import Worker
from tests.doors.node.waiting import backlog


class Costs:
    """What a step costs: instructions of SQLite's machine, in hundreds, and bytes of Python at most."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger, self._count = ledger, 0

    def of(self, step: Callable[[], Any]) -> tuple[int, int]:
        def counted() -> None:
            self._count += 1

        self._count = 0
        with self._ledger.looking() as base:
            base.set_progress_handler(counted, 100)
        tracemalloc.start()
        try:
            step()
            return self._count, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            with self._ledger.looking() as base:
                base.set_progress_handler(None, 0)


def send_a_study(outbox: Outbox) -> None:
    outbox.bury()
    for parcel in outbox.next():
        outbox.record(parcel, Outcome(Meaning.SENT))


@pytest.mark.parametrize("what", ["sending", "working", "releasing"])
def test_a_step_costs_the_same_with_a_thousand_studies(configured: Any, what: str) -> None:
    config: NodeConfig = configured(destinations={"AWAY": {"dicom": "AWAY@127.0.0.1:9"}})
    ledger = Ledger(config.folder)
    outbox = Outbox(ledger, "AWAY", config.destinations["AWAY"])
    worker = Worker(config, ledger, None)  # type: ignore[arg-type]
    step = {
        "sending": lambda: send_a_study(outbox),
        "working": worker._claim,
        "releasing": lambda: Releases(ledger).catch_up(),
    }[what]
    backlog(ledger, 0, 20)
    step()  # what is made once
    few, little = Costs(ledger).of(step)
    backlog(ledger, 20, 980)
    many, much = Costs(ledger).of(step)
    assert many <= 2 * few + 5
    assert much <= 1.5 * little + 50_000
    ledger.close()
