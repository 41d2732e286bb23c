"""When a series is whole, and what then becomes of it: work by its rule, and its originals on their way.

A late instance makes a new version of the series' work; the ledger says why.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence

from recon.doors.node.config import Completion, NodeConfig
from recon.doors.node.early import EarlyWork
from recon.doors.node.facts import Facts, pseudonym
from recon.doors.node.ledger import Ledger
from recon.doors.node.logs import log
from recon.doors.node.rules import Rule, first_match
from recon.doors.node.scans import roles_of

PRIORITIES = {"urgent": 0, "normal": 1, "off_peak": 2}


def whole(count: int, expected: int | None, quiet_s: float, completion: Completion) -> str | None:
    """Why a series counts as whole; None while it doesn't.

    Parameters
    ----------
    count, expected
        Instances there are, and those announced, where any were.
    quiet_s
        Since the last one came.
    completion
        Waiting times.
    """
    if expected is None:
        return f"{count} instances, none new for {quiet_s:.0f} s" if quiet_s >= completion.quiet_s else None
    if count >= expected:
        return f"all {expected} announced instances" if quiet_s >= completion.counted_quiet_s else None
    if quiet_s >= completion.longest_wait_s:
        return f"INCOMPLETE: {count} of {expected} announced instances, none new for {quiet_s:.0f} s"
    return None


class Decider:
    """Looks for series that are whole and decides what becomes of them.

    Parameters
    ----------
    config
        Of the node.
    ledger
        Of the node.
    """

    def __init__(self, config: NodeConfig, ledger: Ledger) -> None:
        self._config, self._ledger = config, ledger
        self._early = EarlyWork(config, ledger)

    def look(self) -> int:
        """Decide what is due; returns how many series that were."""
        now, times = time.time(), self._config.completion
        with self._ledger.looking() as base:
            rows = base.execute(
                "SELECT *, (SELECT count(*) FROM instances WHERE series = series.number) AS there "
                "FROM series WHERE state = 'arriving' AND last <= ?",
                (now - min(times.counted_quiet_s, times.quiet_s, times.early_s or times.quiet_s),),
            ).fetchall()
        due = 0
        for row in rows:
            quiet_s = now - row["last"]
            why = whole(row["there"], row["expected"], quiet_s, times)
            if why is not None:
                self._decide(row, why)
                due += 1
            elif (rule := self._early.rule_for(row, quiet_s)) is not None:
                self._begin(row, rule)
        self._give_up_waiting(now)
        return due

    def _begin(self, row: sqlite3.Row, rule: Rule) -> None:
        """Work on a series as it is now, before it counts as whole."""
        with self._ledger.writing() as base:
            sops = [one["sop"] for one in base.execute("SELECT sop FROM instances WHERE series = ?", (row["number"],))]
            if len(sops) != row["there"]:
                return
            self._early.give_up(base, row["number"])
            _insert_job(
                base,
                rule,
                row["study"],
                "pending",
                f"begun early with {len(sops)} instances",
                None,
                [(row["number"], "", sops)],
                early=True,
            )
            self._ledger.say(f"series {row['number']}", f"work is begun early with {len(sops)} instances; {rule.name}")

    def _decide(self, row: sqlite3.Row, why: str) -> None:
        facts = Facts.from_json(row["facts"])
        rule = first_match(self._config.rules, facts)
        version = row["version"] + 1
        with self._ledger.writing() as base:
            sops = base.execute("SELECT * FROM instances WHERE series = ?", (row["number"],)).fetchall()
            if len(sops) != row["there"]:
                return  # one came in between: it is looked at again
            if version > 1:
                why = f"{len(sops) - row['counted']} instances came after version {version - 1}; {why}"
            base.execute(
                "UPDATE series SET state = 'whole', version = ?, counted = ?, rule = ?, role = ? WHERE number = ?",
                (version, len(sops), rule.name if rule else "", (rule.role or "") if rule else "", row["number"]),
            )
            originals_to = rule.originals_to if rule else self._config.otherwise.originals_to
            priority = PRIORITIES[rule.priority if rule else "normal"]
            pass_on(base, originals_to, row["study"], row["uid"], sops, priority)
            named = f"rule {rule.name}" if rule else "no rule"
            self._ledger.say(f"series {row['number']}", f"version {version}: {why}; {named}")
            if rule is not None and rule.task is not None:
                why = f"version {version}: {why}"
                names = [one["sop"] for one in sops]
                if not self._early.hand_over(base, rule, _options(rule), row["number"], names, why):
                    self._early.give_up(base, row["number"])
                    self._supersede(base, row["number"], version)
                    self._make_job(base, rule, row, names, why)
        log("whole", series=pseudonym(row["uid"]), instances=len(sops), why=why, rule=rule.name if rule else "")

    def _supersede(self, base: sqlite3.Connection, series: int, version: int) -> None:
        """Work on an older version that has not begun is not begun."""
        base.execute(
            "UPDATE jobs SET state = 'superseded', reason = ?, finished = ? WHERE state IN ('waiting', 'pending') "
            "AND number IN (SELECT job FROM inputs WHERE series = ?)",
            (f"version {version} of its series came", time.time(), series),
        )

    def _make_job(self, base: sqlite3.Connection, rule: Rule, row: sqlite3.Row, sops: Sequence[str], why: str) -> None:
        now = time.time()
        scans = [(row["number"], rule.role or "", list(sops))]
        state, deadline = "pending", None
        for role in roles_of(str(rule.task)):
            if role == rule.role:
                continue
            partner = self._partner(base, row["study"], role)
            if partner is None:
                state, deadline = "waiting", now + self._config.completion.pair_wait_s
                why += f"; waits for the {role} scan of its study"
                continue
            self._join(base, partner["number"])
            of = base.execute("SELECT sop FROM instances WHERE series = ?", (partner["number"],))
            scans.append((partner["number"], partner["role"], [one["sop"] for one in of]))
        _insert_job(base, rule, row["study"], state, why, deadline, scans)

    def _partner(self, base: sqlite3.Connection, study: str, role: str) -> sqlite3.Row | None:
        """The other scan of a pair, the one that came last where there are several."""
        found: sqlite3.Row | None = base.execute(
            "SELECT * FROM series WHERE study = ? AND study != '' AND role = ? AND state = 'whole' "
            "ORDER BY last DESC LIMIT 1",
            (study, role),
        ).fetchone()
        return found

    def _join(self, base: sqlite3.Connection, series: int) -> None:
        """The job with which the first scan waited is part of the pair's."""
        base.execute(
            "UPDATE jobs SET state = 'joined', finished = ? WHERE state = 'waiting' "
            "AND number IN (SELECT job FROM inputs WHERE series = ?)",
            (time.time(), series),
        )

    def _give_up_waiting(self, now: float) -> None:
        with self._ledger.writing() as base:
            rows = base.execute(
                "UPDATE jobs SET state = 'failed', reason = 'its partner did not come in time', finished = ? "
                "WHERE state = 'waiting' AND deadline <= ? RETURNING number",
                (now, now),
            ).fetchall()
            for row in rows:
                self._ledger.say(f"job {row['number']}", "its partner did not come in time")


def _options(rule: Rule) -> str:
    return json.dumps(dict(rule.options))


def _insert_job(
    base: sqlite3.Connection,
    rule: Rule,
    study: str,
    state: str,
    why: str,
    deadline: float | None,
    scans: Sequence[tuple[int, str, Sequence[str]]],
    early: bool = False,
) -> None:
    """A job and its inputs: of each scan the series, the role and the instances."""
    job = base.execute(
        "INSERT INTO jobs (study, rule, task, options, priority, state, why, deadline, created, early) "
        "VALUES (?,?,?,?,?,?,?,?,?,?)",
        (
            study,
            rule.name,
            str(rule.task),
            _options(rule),
            PRIORITIES[rule.priority],
            state,
            why,
            deadline,
            time.time(),
            early,
        ),
    ).lastrowid
    for series, role, members in scans:
        base.executemany("INSERT INTO inputs VALUES (?,?,?,?)", [(job, series, role, sop) for sop in members])


def pass_on(
    base: sqlite3.Connection,
    destinations: Sequence[str],
    study: str,
    series: str,
    sops: Sequence[sqlite3.Row],
    priority: int,
) -> None:
    """Put what came in on its way, untouched; what is on its way already is not put there twice."""
    now = time.time()
    base.executemany(
        "INSERT OR IGNORE INTO deliveries (destination, study, series, sop, sop_class, syntax, path, kind, priority, "
        "created) VALUES (?,?,?,?,?,?,?,'original',?,?)",
        [
            (name, study, series, one["sop"], one["sop_class"], one["syntax"], one["path"], priority, now)
            for name in destinations
            for one in sops
        ],
    )
