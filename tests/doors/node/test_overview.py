"""What a person has to see is counted and named, and failed jobs begin again."""

from __future__ import annotations

from collections.abc import Callable

from recon.doors.node.config import NodeConfig
from recon.doors.node.ledger import Ledger
from recon.doors.node.overview import overview, restart_jobs
from tests.doors.node.waiting import backlog


def test_states_are_counted_and_what_waits_for_a_person_is_named(configured: Callable[..., NodeConfig]) -> None:
    config = configured(destinations={"AWAY": {"dicom": "AWAY@127.0.0.1:9"}, "IDLE": {"dicom": "IDLE@127.0.0.1:9"}})
    ledger = Ledger(config.folder)
    backlog(ledger, 0, 3)
    with ledger.writing() as base:
        base.execute("UPDATE deliveries SET state = 'dead', reason = 'refused' WHERE study = '1.0'")
        base.execute("UPDATE deliveries SET state = 'held' WHERE study = '1.1'")
        base.execute("UPDATE jobs SET state = 'failed', reason = 'NaN' WHERE study = '1.2' AND state = 'pending'")
    found = overview(config)
    assert found["jobs"] == {"done": 3, "pending": 2, "failed": 1}
    assert found["destinations"] == {"AWAY": {"dead": 20, "held": 20, "pending": 20}, "IDLE": {}}
    assert found["dead"] == [{"destination": "AWAY", "reason": "refused", "count": 20}]
    assert [row["state"] for row in found["held"]] == ["waits for a reader"]
    assert [(row["rule"], row["state"], row["reason"]) for row in found["failed"]] == [("ct", "failed", "NaN")]
    assert found["rejected"] == []
    assert restart_jobs(ledger) == 1
    assert overview(config)["jobs"] == {"done": 3, "pending": 3}
    assert restart_jobs(ledger) == 0
    ledger.close()
