"""Studies that wait to be sent."""

from __future__ import annotations

import time

from recon.doors.node.ledger import Ledger

_OBJECTS = 20


def backlog(ledger: Ledger, first: int, studies: int) -> None:
    """Studies of a few objects that wait to be sent, each of a job that is done, and one that waits for its turn."""
    now = time.time()
    with ledger.writing() as base:
        for study in range(first, first + studies):
            for state in ("done", "pending"):
                job = base.execute(
                    "INSERT INTO jobs (study, rule, task, options, priority, state, why, created) "
                    "VALUES (?, 'ct', 'ct', '{}', 1, ?, '', ?)",
                    (f"1.{study}", state, now),
                ).lastrowid
            base.executemany(
                "INSERT INTO deliveries (destination, study, series, sop, sop_class, syntax, path, job, kind, "
                "priority, created) VALUES ('AWAY', ?, '', ?, '', '', 'gone', ?, 'image', 1, ?)",
                [(f"1.{study}", f"1.{study}.{number}", job, now) for number in range(_OBJECTS)],
            )
