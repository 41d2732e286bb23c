"""From files to items: copies left out, halves paired, each item's task decided, with the reason."""

from __future__ import annotations

import fnmatch
import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from recon.batch.items import folder_name, sha256_of
from recon.batch.ledger import BatchLedger
from recon.batch.states import State
from recon.errors import UnreadableInput
from recon.tasks.archive import ArchivedScan
from recon.tasks.registry import task_of, tasks
from recon.values.content import Content

_BATCH = 500
_TOGETHER = 50
#: In the place of a task: leave the files out.
SKIP = "skip"


@dataclass(frozen=True)
class TaskRule:
    """A task that the specification fixes for files of some name.

    Attributes
    ----------
    match
        Pattern of the path, such as ``*/followup/*.nii.gz``.
    task
        A task of one input, or ``skip``.
    """

    match: str
    task: str


@dataclass(frozen=True)
class _Decision:
    """Task and reason; no task leaves the files out in ``state``."""

    task: str
    reason: str
    state: State = State.SKIPPED
    groups: list[str] = field(default_factory=list)
    key: str = ""


def plan(ledger: BatchLedger, rules: Sequence[TaskRule] = ()) -> None:
    """Make items of the files that belong to none yet; safe to repeat after it was interrupted."""
    with ledger.looking() as base:
        taken = {str(row[0]).lower() for row in base.execute("SELECT name FROM items")}
    # what lies in the output folder and is no item's is somebody else's
    foreign = {path.name.lower() for path in ledger.folder.iterdir()}
    while True:
        with ledger.looking() as base:
            groups = [
                row[0]
                for row in base.execute(
                    "SELECT grp FROM inputs WHERE item IS NULL AND state = '' GROUP BY grp ORDER BY min(path) LIMIT ?",
                    (_BATCH,),
                )
            ]
        if not groups:
            break
        for start in range(0, len(groups), _TOGETHER):
            with ledger.writing():  # a few at a time: each commit waits for the disk
                for group in groups[start : start + _TOGETHER]:
                    _plan_group(ledger, group, rules, taken, foreign)
    with ledger.writing() as base:  # what none of its files is part of any more, since they changed
        base.execute(
            "DELETE FROM items WHERE state NOT IN ('done', 'rejected') AND number NOT IN (SELECT item FROM outputs) "
            "AND NOT EXISTS (SELECT 1 FROM inputs WHERE inputs.item = items.number)"
        )


def _plan_group(ledger: BatchLedger, group: str, rules: Sequence[TaskRule], taken: set[str], foreign: set[str]) -> None:
    rows = _rows(ledger, "grp = ?", group)
    if not any(row["item"] is None for row in rows):
        return  # planned with its partner a moment ago
    copies = _copies(ledger, rows)
    with ledger.writing() as base:
        for path, original in copies.items():
            base.execute(
                "UPDATE inputs SET state = 'skipped', reason = ? WHERE path = ?",
                (f"duplicate of {original}", path),
            )
    rows = [row for row in rows if row["path"] not in copies]
    if not any(row["item"] is None for row in rows):
        return
    decision = _decide(ledger, rows, rules)
    with ledger.writing() as base:
        if not decision.task:
            base.execute(
                "UPDATE inputs SET state = ?, reason = ? WHERE item IS NULL AND state = '' AND grp = ?",
                (decision.state, decision.reason, group),
            )
            return
        number = _item(base, decision, rows, taken, foreign)
        keep_role = int(len(task_of(decision.task).inputs) > 1)
        for member in decision.groups:
            base.execute(
                "UPDATE inputs SET item = ?, role = iif(?, role, '') WHERE item IS NULL AND state = '' AND grp = ?",
                (number, keep_role, member),
            )


def _item(
    base: sqlite3.Connection, decision: _Decision, rows: list[sqlite3.Row], taken: set[str], foreign: set[str]
) -> int:
    """The row of an item, new or known."""
    known = base.execute("SELECT number, state FROM items WHERE key = ?", (decision.key,)).fetchone()
    if known is None:
        name = folder_name(rows[0]["label"], decision.key, taken | foreign)
        taken.add(name.lower())
        made = base.execute(
            "INSERT INTO items (key, name, task, why, taken, state) VALUES (?, ?, ?, ?, ?, 'pending')",
            (decision.key, name, decision.task, decision.reason, rows[0]["taken"]),
        )
        return int(made.lastrowid or 0)
    if known["state"] in ("done", "rejected"):
        base.execute(
            "UPDATE items SET state = 'failed', retryable = 1, input_sha256 = '', verdict = '', reason = ? "
            "WHERE number = ?",
            ("its input changed after it was done; `recon batch retry --failed` makes it again", known["number"]),
        )
    else:
        base.execute(
            "UPDATE items SET state = 'pending', reason = '', attempts = 0, input_sha256 = '' WHERE number = ?",
            (known["number"],),
        )
    return int(known["number"])


def _decide(ledger: BatchLedger, rows: list[sqlite3.Row], rules: Sequence[TaskRule]) -> _Decision:
    first = rows[0]
    path, group = Path(first["path"]), str(first["grp"])
    for number, rule in enumerate(rules, 1):
        if fnmatch.fnmatch(str(path), rule.match):
            reason = f"rule {number} of the specification ({rule.match})"
            return _Decision("" if rule.task == SKIP else rule.task, reason, groups=[group], key=group)
    pair = _pair(ledger, first, rules)
    if pair is not None and pair.task:
        return pair
    scan = ArchivedScan(path, Content[first["kind"]], json.loads(first["facts"]).get("detail", ""))
    try:
        claims = {task.name: task.claim(scan) for task in tasks().values()}
    except UnreadableInput as error:
        return _Decision("", error.problem, State.FAILED)
    taken = [name for name, claim in claims.items() if claim.taken]
    if len(taken) == 1:
        return _Decision(taken[0], claims[taken[0]].reason, groups=[group], key=group)
    if taken:
        return _Decision("", f"{' and '.join(taken)} take it; name one in a rule of the specification")
    reasons = [claim.reason for claim in claims.values() if claim.reason]
    return pair or _Decision("", "; ".join(reasons) or "no task takes it")


def _pair(ledger: BatchLedger, first: sqlite3.Row, rules: Sequence[TaskRule]) -> _Decision | None:
    """All inputs of a task that takes several, or why they are not there; None for a scan that is none of them."""
    if not first["pair"] or not first["role"]:
        return None
    task = tasks().get(json.loads(first["facts"]).get("half_of", ""))
    if task is None:
        return None
    with ledger.looking() as base:
        # those that were left out a moment ago, since they are ambiguous, count too: order decides nothing
        found = base.execute(
            "SELECT grp, role, label, min(path) AS path FROM inputs WHERE pair = ? AND role != 'left out' "
            "AND state IN ('', 'skipped') GROUP BY grp, role ORDER BY path",
            (first["pair"],),
        ).fetchall()
        waiting = base.execute(
            "SELECT reason FROM inputs WHERE pair = ? AND reason LIKE 'unstable: %'", (first["pair"],)
        ).fetchone()
    if waiting is not None:
        return _Decision("", waiting[0])
    roles = [entry.name for entry in task.inputs]
    halves = [row for row in found if not any(fnmatch.fnmatch(row["path"], rule.match) for rule in rules)]
    by_role = {role: [row for row in halves if row["role"] == role] for role in roles}
    groups = {role: [row["grp"] for row in rows] for role, rows in by_role.items()}
    if all(len(found) == 1 for found in groups.values()):
        return _Decision(
            task.name,
            f"{task.together}, by their names",
            groups=[groups[role][0] for role in roles],
            key=f"pair:{first['pair']}",
        )
    amount = " and ".join(_counted(role, [row["label"] for row in rows]) for role, rows in by_role.items())
    more = any(len(rows) > 1 for rows in by_role.values())
    advice = f"; leave out by a rule what is none, or name both to recon {task.name}" if more else ""
    return _Decision("", f"one half of a {task.name} pair, but there are {amount}{advice}")


def _counted(role: str, labels: Sequence[str]) -> str:
    """How many scans may be a half, and which."""
    named = f" ({', '.join(labels[:4])}{', ...' if len(labels) > 4 else ''})" if len(labels) > 1 else ""
    return f"{len(labels) or 'no'} '{role}'{named}"


def _copies(ledger: BatchLedger, rows: list[sqlite3.Row]) -> dict[str, str]:
    """Files whose content another one has too, and that other one."""
    if rows[0]["grp"].startswith("dicom|"):
        clusters: dict[str, list[sqlite3.Row]] = {}
        for row in rows:
            clusters.setdefault(row["identity"], []).append(row)
        suspects: Iterable[list[sqlite3.Row]] = clusters.values()
    else:
        suspects = [_rows(ledger, "identity = ?", rows[0]["identity"])]
    copies: dict[str, str] = {}
    for cluster in suspects:
        if len(cluster) < 2:
            continue
        originals: dict[str, str] = {}
        # an item's file stays; then the name without '(1)' or 'copy', which is the shorter one
        for row in sorted(cluster, key=lambda row: (row["item"] is None, len(row["path"]), row["path"])):
            digest = row["sha256"] or _digest(ledger, row["path"])
            if not digest:
                continue
            if digest in originals:
                copies[row["path"]] = originals[digest]
            originals.setdefault(digest, row["path"])
    return copies


def _digest(ledger: BatchLedger, path: str) -> str:
    try:
        digest = sha256_of(Path(path))
    except OSError:
        return ""  # its item says so when it is read
    with ledger.writing() as base:
        base.execute("UPDATE inputs SET sha256 = ? WHERE path = ?", (digest, path))
    return digest


def _rows(ledger: BatchLedger, where: str, value: str) -> list[sqlite3.Row]:
    with ledger.looking() as base:
        query = f"SELECT * FROM inputs WHERE {where} AND state = '' ORDER BY path"  # noqa: S608
        return base.execute(query, (value,)).fetchall()
