"""The ledger as a run keeps it: a commit for every transition of an input or an item."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from recon.batch.items import InputFile, Item, Produced, recorded
from recon.batch.states import State
from recon.batch.written_ledger import WrittenLedger
from recon.errors import ReconError

_KEPT = ("name", "value", "lower_limit", "upper_limit", "unit", "outcome", "message")


class ModelChanged(ReconError):
    """The service makes images by another model than those that this run holds already."""


class BatchLedger(WrittenLedger):
    """What a run writes down of its inputs and items: found, claimed, made, given up, put back."""

    def put_inputs(self, files: Iterable[InputFile], scan: int, known: Iterable[Path] = ()) -> None:
        """Write down files as one scan of the archive saw them; what was known about them is replaced.

        Parameters
        ----------
        files
            New or changed.
        scan
            Number of the scan.
        known
            Seen again as they were.
        """
        with self.writing() as base:
            base.executemany("UPDATE inputs SET scan = ? WHERE path = ?", [(scan, str(path)) for path in known])
            for file in files:
                base.execute(
                    "INSERT OR REPLACE INTO inputs (path, size, mtime_ns, scan, kind, grp, identity, label, facts, "
                    "taken, pair, role, state, reason) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                    (
                        recorded(file.path),
                        file.size,
                        file.mtime_ns,
                        scan,
                        file.kind,
                        file.group,
                        file.identity,
                        file.label,
                        json.dumps(file.facts),
                        file.taken,
                        file.pair,
                        file.role,
                        file.state,
                        file.reason,
                    ),
                )

    def reclaim(self) -> list[Item]:
        """Items that a killed run left running; they are pending again."""
        with self.writing() as base:
            rows = base.execute("SELECT * FROM items WHERE state = 'running' ORDER BY number").fetchall()
            # being killed need not be the item's doing: that attempt doesn't count, and the next is made alone
            base.execute(
                "UPDATE items SET state = 'pending', reason = '', attempts = max(attempts - 1, 0), suspect = 1 "
                "WHERE state = 'running'"
            )
            return [_item(base, row) for row in rows]

    def claim(self) -> Item | None:
        """The next item whose time has come, now running; healthy ones before suspects."""
        now = time.time()
        with self.writing() as base:
            due = (
                "SELECT * FROM items WHERE state = 'pending' AND (suspect > 0) = ? AND not_before <= ? ORDER BY number"
            )
            row = base.execute(f"{due} LIMIT 1", (0, now)).fetchone()
            healthy = "SELECT 1 FROM items WHERE state = 'running' AND suspect = 0"
            if row is None and base.execute(healthy).fetchone() is None:  # what is under way ends first
                row = base.execute(f"{due} LIMIT 1", (1, now)).fetchone()
            if row is None:
                return None
            base.execute(
                "UPDATE items SET state = 'running', reason = '', attempts = attempts + 1, started = ? "
                "WHERE number = ?",
                (now, row["number"]),
            )
            item = _item(base, row)
            return Item(**{**item.__dict__, "attempts": item.attempts + 1})

    def next_due(self) -> float | None:
        """When the next pending item may start, s since 1970; None when nothing is pending."""
        with self.looking() as base:
            return base.execute("SELECT min(not_before) FROM items WHERE state = 'pending'").fetchone()[0]

    def identify(self, item: Item, digests: dict[Path, str], total: str) -> None:
        """Write down what the inputs of an item hash to, before they are used."""
        with self.writing() as base:
            for path, digest in digests.items():
                base.execute("UPDATE inputs SET sha256 = ? WHERE path = ?", (digest, str(path)))
            base.execute("UPDATE items SET input_sha256 = ? WHERE number = ?", (total, item.number))

    def require_same_model(self, item: Item, report: dict[str, Any]) -> None:
        """One run holds results of one model a task, or of several where the scan decides which.

        Raises
        ------
        ModelChanged
            When the report names a model that made none of the others, and no reason for it.
        """
        model = report.get("model") or {}
        name, sha256 = str(model.get("name", "")), str(model.get("sha256", ""))
        by_scan = bool((report.get("parameters") or {}).get("model_reason"))
        with self.looking() as base:
            row = base.execute(
                "SELECT model, model_version, count(*) AS made FROM items WHERE task = ? AND model != '' AND "
                "state IN ('done', 'rejected') AND model_sha256 != ? AND (model = ? OR NOT ?) GROUP BY model LIMIT 1",
                (item.task, sha256, name, by_scan),
            ).fetchone()
        if row is not None:
            raise ModelChanged(
                f"the service makes {item.task} images by {name}:{model.get('version', '')} ({sha256[:16]}) now; "
                f"{row['made']} here were made by another {row['model']}:{row['model_version']}: serve that one again, "
                "or begin anew with another -o"
            )

    def publish(self, item: Item, made: Produced) -> State:
        """The commit that makes an item done (or rejected, by its verdict)."""
        report, model = made.report, made.report.get("model") or {}
        state = State.REJECTED if report.get("verdict") == "REJECT" else State.DONE
        checks = report.get("checks") or []
        reason = "; ".join(str(c.get("message", c.get("name", ""))) for c in checks if c.get("outcome") == "REJECT")
        with self.writing() as base:
            base.execute("DELETE FROM outputs WHERE item = ?", (item.number,))
            base.executemany(
                "INSERT INTO outputs VALUES (?, ?, ?, ?)",
                [(item.number, path, size, digest) for path, (size, digest) in sorted(made.outputs.items())],
            )
            base.execute(
                "UPDATE items SET state = ?, reason = ?, finished = ?, seconds = ? - started, model = ?, "
                "model_version = ?, model_sha256 = ?, verdict = ?, slices = ?, checks = ?, retryable = 0, suspect = 0 "
                "WHERE number = ?",
                (
                    state,
                    reason if state is State.REJECTED else "",
                    time.time(),
                    time.time(),
                    str(model.get("name", "")),
                    str(model.get("version", "")),
                    str(model.get("sha256", "")),
                    str(report.get("verdict", "")),
                    int((report.get("slices") or {}).get("total", 0)),
                    json.dumps([_short(check) for check in checks]),
                    item.number,
                ),
            )
            _name_left_out(base, item, report)
        return state

    def give_up(self, item: Item, state: State, reason: str, *, retryable: bool = False) -> None:
        """An item ends without a result: failed, or skipped."""
        with self.writing() as base:
            base.execute("DELETE FROM outputs WHERE item = ?", (item.number,))
            base.execute(
                "UPDATE items SET state = ?, reason = ?, finished = ?, retryable = ?, verdict = '' WHERE number = ?",
                (state, reason, time.time(), int(retryable), item.number),
            )

    def put_back(
        self, item: Item, reason: str, *, delay_s: float = 0.0, counted: bool = True, suspect: bool = False
    ) -> None:
        """An attempt ended without the item's doing; it is pending again, not before ``delay_s`` have passed."""
        with self.writing() as base:
            base.execute(
                "UPDATE items SET state = 'pending', reason = ?, not_before = ?, attempts = attempts - ?, "
                "suspect = suspect + ? WHERE number = ?",
                (reason, time.time() + delay_s, int(not counted), int(suspect), item.number),
            )

    def again(self, only_retryable: bool = False) -> int:
        """Make failed items pending, with all their attempts before them; returns how many."""
        with self.writing() as base:
            if not only_retryable:  # files that could not be read are looked at again
                base.execute("DELETE FROM inputs WHERE item IS NULL AND state = 'failed' AND grp = ''")
                base.execute(
                    "UPDATE inputs SET state = '', reason = '' "
                    "WHERE item IS NULL AND state = 'failed' AND grp != '' AND role != 'left out'"
                )
            changed = base.execute(
                "UPDATE items SET state = 'pending', reason = '', attempts = 0, not_before = 0, suspect = 0 "
                "WHERE state = 'failed' AND retryable >= ?",
                (int(only_retryable),),
            )
            return changed.rowcount

    def uncommitted(self) -> Iterator[Item]:
        """Items without a commit: pending ones, whose result may lie there all the same."""
        number = 0
        while True:
            with self.looking() as base:
                row = base.execute(
                    "SELECT * FROM items WHERE state IN ('pending', 'running') AND input_sha256 != '' AND number > ? "
                    "ORDER BY number LIMIT 1",
                    (number,),
                ).fetchone()
                if row is None:
                    return
                item = _item(base, row)
            number = item.number
            yield item


def _item(base: sqlite3.Connection, row: sqlite3.Row) -> Item:
    files: dict[str, list[Path]] = {}
    query = "SELECT path, role FROM inputs WHERE item = ? AND state = '' ORDER BY role, path"
    for path, role in base.execute(query, (row["number"],)):
        files.setdefault(role, []).append(Path(path))
    return Item(
        row["number"],
        row["key"],
        row["name"],
        row["task"],
        row["why"],
        files,
        row["attempts"],
        row["input_sha256"],
        row["suspect"],
    )


def _short(check: dict[str, Any]) -> dict[str, Any]:
    return {name: check.get(name) for name in _KEPT}


def _name_left_out(base: sqlite3.Connection, item: Item, report: dict[str, Any]) -> None:
    """Files of a scan that its task left out count for themselves: nothing goes unnamed."""
    known = {str(path) for path in item.paths}
    for entry in report.get("skipped") or []:
        path, reason = str(entry.get("path", "")), str(entry.get("reason", ""))
        if path in known:
            state = entry.get("state") or (State.FAILED if report.get("input_damaged") else State.SKIPPED)
            base.execute(
                "UPDATE inputs SET item = NULL, role = 'left out', state = ?, reason = ? WHERE path = ?",
                (state, reason, path),
            )
