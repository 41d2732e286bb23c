"""Every file of an archive has a state, a reason and, where there is one, a result."""

from __future__ import annotations

from pathlib import Path

from recon.batch.items import InputFile
from recon.batch.ledger import BatchLedger
from recon.batch.states import State
from recon.batch.status import status


def test_every_file_is_in_it_with_its_reason(tmp_path: Path) -> None:
    ledger = BatchLedger(tmp_path)
    ledger.put_inputs(
        [
            InputFile(Path("/a/1"), 1, 1, "CT", "g"),
            InputFile(Path("/a/2"), 1, 1, "CT", "new"),
            InputFile(Path("/a/readme"), 1, 1, state=State.SKIPPED, reason="not a scan"),
        ],
        scan=1,
    )
    with ledger.writing() as base:
        base.execute(
            "INSERT INTO items (number, key, name, task, why, state, reason) "
            "VALUES (1, 'g', 'chest', 'ct', 'a CT series', 'rejected', 'motion')"
        )
        base.execute("UPDATE inputs SET item = 1 WHERE grp = 'g'")
    ledger.close()
    found = status(tmp_path)
    assert found["inputs"] == {
        "/a/1": {"state": "rejected", "reason": "motion", "result": "chest"},
        "/a/2": {"state": "pending", "reason": "", "result": ""},
        "/a/readme": {"state": "skipped", "reason": "not a scan", "result": ""},
    }
    assert (found["items"], found["rejected"], found["pending"], found["skipped"]) == (3, 1, 1, 1)
    assert (found["exit_status"], found["active"]) == (1, False)
    assert "inputs" not in status(tmp_path, with_inputs=False)
