"""DICOMweb shows results, but none that waits for a reader or that one rejected."""

from __future__ import annotations

from pathlib import Path

import pytest

from recon.doors.node.ledger import Ledger
from recon.doors.node.shown import shown


@pytest.mark.parametrize(("state", "seen"), [("pending", True), ("sent", True), ("held", False), ("withheld", False)])
def test_a_result_is_shown_by_the_state_of_its_deliveries(tmp_path: Path, state: str, seen: bool) -> None:
    ledger = Ledger(tmp_path)
    with ledger.writing() as base:
        for number, of in enumerate(("pending", state), 1):
            base.execute(
                "INSERT INTO jobs (number, study, rule, task, options, priority, state, why, created) "
                "VALUES (?, '1', 'ct', 'ct', '{}', 1, 'done', '', 0)",
                (number,),
            )
            for place in range(2):
                base.execute(
                    "INSERT INTO objects VALUES (?, ?, ?, '1', ?, 'image', 'c', 's', 'p')",
                    (f"1.{number}.{place}", number, 1 - place, f"1.{number}"),
                )
            base.execute(
                "INSERT INTO deliveries (destination, study, series, sop, sop_class, syntax, path, job, kind, "
                "priority, created, state) VALUES ('A', '1', '', ?, '', '', 'p', ?, 'image', 1, 0, ?)",
                (f"1.{number}.0", number, of),
            )
    first = ["1.1.1", "1.1.0"]  # by their number
    both = [*first, "1.2.1", "1.2.0"]
    assert [row["sop"] for row in shown(ledger, None, None, None)] == (both if seen else first)
    assert len(shown(ledger, "1", "1.2", None)) == (2 if seen else 0)
    assert [row["sop"] for row in shown(ledger, "1", "1.1", "1.1.0")] == ["1.1.0"]
    assert shown(ledger, "2", None, None) == []
    ledger.close()
