"""The outbox: what is to go to a destination, and what became of it, object by object.

A delivery is pending until its outcome is in the ledger, so that whoever sends may be killed at any moment: the
object is then sent again, with the same UIDs, which a peer knows as the same.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recon.doors.node.ledger import Ledger
from recon.doors.node.outcome import Meaning, Outcome, waiting_s
from recon.doors.node.peers import Destination


@dataclass(frozen=True)
class Parcel:
    """One object on its way to one destination.

    Attributes
    ----------
    number
        Of the delivery.
    study, series, sop, sop_class, syntax
        UIDs.
    path
        The file.
    refusals
        So far.
    """

    number: int
    study: str
    series: str
    sop: str
    sop_class: str
    syntax: str
    path: Path
    refusals: int


class Outbox:
    """The deliveries of one destination.

    Parameters
    ----------
    ledger
        Of the node.
    name, destination
        As configured.
    """

    def __init__(self, ledger: Ledger, name: str, destination: Destination) -> None:
        self._ledger, self._name, self._to = ledger, name, destination

    def next(self, most: int = 2000) -> list[Parcel]:
        """What is due of one study, the most urgent one; empty when nothing is."""
        with self._ledger.looking() as base:
            now = time.time()
            first = base.execute(
                "SELECT study FROM deliveries WHERE destination = ? AND state = 'pending' AND not_before <= ? "
                "ORDER BY priority, number LIMIT 1",
                (self._name, now),
            ).fetchone()
            if first is None:
                return []
            rows = base.execute(
                "SELECT * FROM deliveries INDEXED BY deliveries_by_study WHERE destination = ? AND state = 'pending' "
                "AND not_before <= ? AND study = ? ORDER BY priority, number LIMIT ?",
                (self._name, now, first["study"], most),
            ).fetchall()
        return [_parcel(row) for row in rows]

    def record(self, parcel: Parcel, outcome: Outcome) -> None:
        """Write down what became of one object."""
        now = time.time()
        with self._ledger.writing() as base:
            if outcome.meaning is Meaning.SENT:
                base.execute(
                    "UPDATE deliveries SET state = 'sent', sent = ?, attempts = attempts + 1, reason = ? "
                    "WHERE number = ? AND state IN ('pending', 'held', 'withheld')",  # taken back while it was sent
                    (now, outcome.words, parcel.number),
                )
                return
            refused = outcome.meaning is Meaning.REFUSED
            refusals = parcel.refusals + refused
            dead = refused and refusals >= self._to.final_after
            wait = waiting_s(max(refusals, 1), self._to.retry_first_s, self._to.retry_most_s)
            base.execute(
                "UPDATE deliveries SET state = ?, attempts = attempts + 1, refusals = ?, not_before = ?, reason = ? "
                "WHERE number = ? AND state = 'pending'",
                ("dead" if dead else "pending", refusals, now + wait, outcome.words, parcel.number),
            )
            if dead:
                self._ledger.say(f"delivery {parcel.number}", f"dead after {refusals} refusals: {outcome.words}")

    def unreachable(self, parcels: Sequence[Parcel], reason: str) -> None:
        """Write down that a destination could not be reached with these."""
        with self._ledger.writing() as base:
            base.executemany(
                "UPDATE deliveries SET attempts = attempts + 1, reason = ? WHERE number = ? AND state = 'pending'",
                [(reason, parcel.number) for parcel in parcels],
            )

    def bury(self) -> int:
        """What has waited for too long becomes dead letters; returns how many."""
        before = time.time() - self._to.give_up_after_s
        with self._ledger.writing() as base:
            rows = base.execute(
                "UPDATE deliveries SET state = 'dead', reason = 'given up, too old; at last: ' || reason "
                "WHERE destination = ? AND state = 'pending' AND created < ? RETURNING number",
                (self._name, before),
            ).fetchall()
            for row in rows:
                self._ledger.say(f"delivery {row['number']}", "dead: given up, too old")
        return len(rows)

    def uncommitted(self, most: int = 2000) -> list[Parcel]:
        """What was sent and is to be asked about: never asked, or without an answer for too long."""
        if not self._to.commitment:
            return []
        silent = time.time() - self._to.commitment_wait_s
        with self._ledger.writing() as base:
            base.execute(
                "UPDATE deliveries SET state = 'dead', reason = 'its storage was never committed' "
                "WHERE destination = ? AND state = 'sent' AND asked < ? AND asks >= ?",
                (self._name, silent, self._to.final_after),
            )
            rows = base.execute(
                "SELECT * FROM deliveries WHERE destination = ? AND state = 'sent' "
                "AND (asked IS NULL OR asked < ?) ORDER BY number LIMIT ?",
                (self._name, silent, most),
            ).fetchall()
        return [_parcel(row) for row in rows]

    def asked(self, parcels: Sequence[Parcel]) -> None:
        """Write down that storage commitment of these was asked for."""
        with self._ledger.writing() as base:
            base.executemany(
                "UPDATE deliveries SET asked = ?, asks = asks + 1 WHERE number = ?",
                [(time.time(), parcel.number) for parcel in parcels],
            )


def _parcel(row: sqlite3.Row) -> Parcel:
    return Parcel(
        row["number"],
        row["study"],
        row["series"],
        row["sop"],
        row["sop_class"],
        row["syntax"],
        Path(row["path"]),
        row["refusals"],
    )


def restart(ledger: Ledger, destination: str | None = None) -> int:
    """Dead letters are pending again, as if they were new; returns how many."""
    with ledger.writing() as base:
        changed = base.execute(
            "UPDATE deliveries SET state = 'pending', refusals = 0, asks = 0, asked = NULL, not_before = 0, "
            "created = ? WHERE state = 'dead' AND destination = coalesce(?, destination)",
            (time.time(), destination),
        ).rowcount
        ledger.say("queue", f"{changed} dead letters started again")
    return changed
