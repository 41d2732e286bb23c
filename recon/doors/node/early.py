"""Work before a series counts as whole: a sender's silence is waited out at work, and results are there at its end.

Nothing of it is published before the series is whole with the very instances that were worked on; else the work is
thrown away, and the next begins after twice the silence.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence

from recon.doors.node.config import NodeConfig
from recon.doors.node.facts import Facts
from recon.doors.node.ledger import Ledger
from recon.doors.node.rules import Rule, first_match
from recon.doors.node.scans import roles_of


class EarlyWork:
    """Begins jobs early, and hands them over once their series is whole.

    Parameters
    ----------
    config
        Of the node.
    ledger
        Of the node.
    """

    def __init__(self, config: NodeConfig, ledger: Ledger) -> None:
        self._config, self._ledger = config, ledger
        self._after_s = config.completion.early_s
        self._begun: dict[int, int] = {}  # by series: with how many instances, so that a look costs nothing

    def rule_for(self, row: sqlite3.Row, quiet_s: float) -> Rule | None:
        """The rule by which work on an arriving series may begin; None where it is not to.

        Parameters
        ----------
        row
            Of the series, with ``there``, the number of its instances.
        quiet_s
            Since the last one came.
        """
        after_s = self._after_s
        if after_s is None or quiet_s < after_s or self._begun.get(row["number"]) == row["there"]:
            return None
        if row["expected"] is not None and row["there"] < row["expected"]:
            return None  # more are sure to come
        rule = first_match(self._config.rules, Facts.from_json(row["facts"]))
        if rule is None or rule.task is None or roles_of(rule.task):
            self._begun[row["number"]] = row["there"]
            return None
        with self._ledger.looking() as base:
            # what was begun before is in vain: it is of other instances, and superseded as soon as this begins
            in_vain = base.execute(
                "SELECT count(*) FROM jobs WHERE early = 1 AND number IN (SELECT job FROM inputs WHERE series = ?)",
                (row["number"],),
            ).fetchone()[0]
        if quiet_s < after_s * 2.0**in_vain:
            return None
        self._begun[row["number"]] = row["there"]
        return rule

    def give_up(self, base: sqlite3.Connection, series: int) -> None:
        """Early work on a series is not wanted any more, whoever is at it."""
        base.execute(
            "UPDATE jobs SET state = 'superseded', reason = 'begun early; more instances came', finished = ? "
            "WHERE early = 1 AND number IN (SELECT job FROM inputs WHERE series = ?) "
            "AND state IN ('pending', 'running', 'ready')",
            (time.time(), series),
        )

    def hand_over(
        self, base: sqlite3.Connection, rule: Rule, options: str, series: int, sops: Sequence[str], why: str
    ) -> bool:
        """Make early work that fits a series that is whole now its job; returns whether there was such work."""
        self._begun.pop(series, None)
        found = base.execute(
            "SELECT number FROM jobs WHERE early = 1 AND number IN (SELECT job FROM inputs WHERE series = ?) "
            "AND rule = ? AND task = ? AND options = ? AND state IN ('pending', 'running', 'ready') "
            "ORDER BY number DESC LIMIT 1",
            (series, rule.name, rule.task, options),
        ).fetchone()
        if found is None:
            return False
        taken = {one["sop"] for one in base.execute("SELECT sop FROM inputs WHERE job = ?", (found["number"],))}
        if taken != set(sops):
            return False
        base.execute(
            "UPDATE jobs SET early = 0, why = ?, created = ? WHERE number = ?", (why, time.time(), found["number"])
        )
        return True
