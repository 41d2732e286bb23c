"""What the ledger holds, in numbers and in the few rows that a person has to see."""

from __future__ import annotations

import sqlite3
import time
from typing import Any

from recon.doors.node.config import NodeConfig
from recon.doors.node.ledger import Ledger

_MOST_ROWS = 100


def overview(config: NodeConfig) -> dict[str, Any]:
    """States of series, jobs and deliveries; held, rejected and failed jobs; dead letters. No patient data."""
    ledger = Ledger(config.folder)
    try:
        with ledger.looking() as base:
            return _overview(base, list(config.destinations))
    finally:
        ledger.close()


def _overview(base: sqlite3.Connection, names: list[str]) -> dict[str, Any]:
    destinations: dict[str, dict[str, int]] = {name: {} for name in names}
    for row in base.execute("SELECT destination, state, count(*) FROM deliveries GROUP BY destination, state"):
        destinations.setdefault(row[0], {})[row[1]] = row[2]
    return {
        "series": dict(base.execute("SELECT state, count(*) FROM series GROUP BY state").fetchall()),
        "jobs": dict(base.execute("SELECT state, count(*) FROM jobs GROUP BY state").fetchall()),
        "destinations": destinations,
        "held": _jobs(base, "number IN (SELECT job FROM deliveries WHERE state = 'held')", "waits for a reader"),
        "rejected": _jobs(base, "state = 'rejected'"),
        "failed": _jobs(base, "state = 'failed'"),
        "dead": [
            {"destination": row[0], "reason": row[1], "count": row[2]}
            for row in base.execute(
                "SELECT destination, reason, count(*) FROM deliveries WHERE state = 'dead' "
                "GROUP BY destination, reason LIMIT ?",
                (_MOST_ROWS,),
            )
        ],
    }


def _jobs(base: sqlite3.Connection, which: str, state: str = "") -> list[dict[str, Any]]:
    """The newest jobs of a kind; ``state`` is what to call theirs where the job's own isn't meant."""
    query = f"SELECT number, rule, state, verdict, reason FROM jobs WHERE {which} ORDER BY number DESC LIMIT ?"  # noqa: S608
    return [
        {"job": row["number"], "rule": row["rule"], "state": state or row["state"], "reason": row["reason"]}
        for row in base.execute(query, (_MOST_ROWS,))
    ]


def restart_jobs(ledger: Ledger) -> int:
    """Failed jobs are pending again, as if they were new; returns how many."""
    with ledger.writing() as base:
        changed = base.execute(
            "UPDATE jobs SET state = 'pending', attempts = 0, crashes = 0, not_before = 0, finished = NULL, "
            "created = ? WHERE state = 'failed' AND deadline IS NULL",
            (time.time(),),
        ).rowcount
        ledger.say("queue", f"{changed} failed jobs started again")
    return changed
