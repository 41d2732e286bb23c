"""The ledger: one SQLite file, one writing connection, a commit for every transition.

While a run is under way the newest rows lie in ``ledger.sqlite-wal``: copy all files of that name
together, or none. Readers (:func:`reading`) never write, not even to recover.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from recon.batch.items import InputFile, Item, Produced, recorded
from recon.batch.states import State
from recon.errors import InvalidRequest, OutputFailed, UnreadableInput

NAME = "ledger.sqlite"
UNBORN = "{}: its run was stopped before it began; start it again with `recon batch run`"
_VERSION = 1
_KEPT = ("name", "value", "lower_limit", "upper_limit", "unit", "outcome", "message")
_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE items (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    task TEXT NOT NULL, why TEXT NOT NULL, taken TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '', attempts INTEGER NOT NULL DEFAULT 0,
    not_before REAL NOT NULL DEFAULT 0, suspect INTEGER NOT NULL DEFAULT 0, retryable INTEGER NOT NULL DEFAULT 0,
    started REAL, finished REAL, seconds REAL, input_sha256 TEXT NOT NULL DEFAULT '',
    model TEXT NOT NULL DEFAULT '', model_version TEXT NOT NULL DEFAULT '', model_sha256 TEXT NOT NULL DEFAULT '',
    verdict TEXT NOT NULL DEFAULT '', slices INTEGER NOT NULL DEFAULT 0, checks TEXT NOT NULL DEFAULT '[]');
CREATE INDEX items_by_state ON items (state, number);
CREATE TABLE inputs (
    path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, scan INTEGER NOT NULL,
    kind TEXT NOT NULL, grp TEXT NOT NULL, identity TEXT NOT NULL, label TEXT NOT NULL, facts TEXT NOT NULL,
    taken TEXT NOT NULL, pair TEXT NOT NULL, role TEXT NOT NULL, item INTEGER REFERENCES items (number),
    state TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '', sha256 TEXT NOT NULL DEFAULT '') WITHOUT ROWID;
CREATE INDEX inputs_by_group ON inputs (grp, path);
CREATE INDEX inputs_by_pair ON inputs (pair) WHERE pair != '';
CREATE INDEX inputs_by_identity ON inputs (identity) WHERE identity != '';
CREATE INDEX inputs_to_plan ON inputs (path) WHERE item IS NULL AND state = '';
CREATE INDEX inputs_by_item ON inputs (item, role, path);
CREATE TABLE outputs (
    item INTEGER NOT NULL REFERENCES items (number), path TEXT NOT NULL, size INTEGER NOT NULL, sha256 TEXT NOT NULL,
    PRIMARY KEY (item, path)) WITHOUT ROWID;
"""


class LedgerFailed(OutputFailed):
    """The ledger can't be written, so that nothing may go on; what it says is true all the same."""


class Ledger:
    """The writing side; hold :func:`recon.batch.lock.held` before opening it.

    Parameters
    ----------
    folder
        The output folder; the file is made when it is absent.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._mutex = threading.RLock()
        try:
            with _writing(folder / NAME):
                self._base = _opened(folder / NAME)
        except sqlite3.DatabaseError as error:
            raise UnreadableInput(f"{folder / NAME}: no usable ledger ({error}); restore it or use a new -o") from error

    def close(self) -> None:
        """Close it; the write-ahead log is folded in."""
        with self._mutex:
            self._base.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, on any thread, committed when the block ends well; one inside another is part of it.

        Raises
        ------
        LedgerFailed
            When the disk is full or can't be written.
        """
        with self._mutex:
            if self._base.in_transaction:
                yield self._base
                return
            try:
                with _writing(self.folder / NAME):
                    self._base.execute("BEGIN IMMEDIATE")
                    yield self._base
                    self._base.execute("COMMIT")
            finally:
                if self._base.in_transaction:  # a full disk may have ended it already
                    self._base.execute("ROLLBACK")

    @contextmanager
    def looking(self) -> Iterator[sqlite3.Connection]:
        """The same connection, to read on any thread."""
        with self._mutex:
            yield self._base

    def set(self, name: str, value: Any) -> None:
        """Keep a JSON value under a name."""
        with self.writing() as base:
            base.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, json.dumps(value)))

    def get(self, name: str, default: Any = None) -> Any:
        """The value kept under a name."""
        with self.looking() as base:
            return meta(base, name, default)

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
                        recorded(file.path), file.size, file.mtime_ns, scan, file.kind, file.group, file.identity,
                        file.label, json.dumps(file.facts), file.taken, file.pair, file.role, file.state, file.reason,
                    ),
                )  # fmt: skip

    def reclaim(self) -> list[Item]:
        """Items that a killed run left running; they are pending again."""
        with self.writing() as base:
            rows = base.execute("SELECT * FROM items WHERE state = 'running' ORDER BY number").fetchall()
            # being killed is not the item's doing, so that attempt doesn't count
            base.execute(
                "UPDATE items SET state = 'pending', reason = '', attempts = max(attempts - 1, 0) "
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
            row = None
            for suspect in (0, 1):
                row = row or base.execute(f"{due} LIMIT 1", (suspect, now)).fetchone()
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
                    state, reason if state is State.REJECTED else "", time.time(), time.time(),
                    str(model.get("name", "")), str(model.get("version", "")), str(model.get("sha256", "")),
                    str(report.get("verdict", "")), int((report.get("slices") or {}).get("total", 0)),
                    json.dumps([_short(check) for check in checks]), item.number,
                ),
            )  # fmt: skip
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


def _opened(path: Path) -> sqlite3.Connection:
    base = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        base.row_factory = sqlite3.Row
        base.execute("PRAGMA journal_mode = WAL")
        base.execute("PRAGMA synchronous = FULL")
        base.execute("PRAGMA foreign_keys = ON")
        version = base.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            base.executescript(f"BEGIN IMMEDIATE;{_SCHEMA}PRAGMA user_version = {_VERSION};COMMIT;")
        elif version != _VERSION:
            raise InvalidRequest(f"{path}: written by another version of recon; use that one, or a new -o")
    except BaseException:
        base.close()
        raise
    return base


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        full = error.sqlite_errorcode == sqlite3.SQLITE_FULL
        words = "the disk is full; free space" if full else f"can't be written ({error}); see to it"
        raise LedgerFailed(f"{path}: {words}, then resume") from error


@contextmanager
def reading(folder: Path) -> Iterator[sqlite3.Connection]:
    """A connection that only reads, also while a run writes.

    Raises
    ------
    UnreadableInput
        When the folder has no ledger.
    """
    path = folder / NAME
    if not os.path.exists(path):
        raise UnreadableInput(f"{folder}: holds no ledger; start with `recon batch run FOLDER -o {folder}`")
    uri = f"file:{os.path.realpath(path).replace('%', '%25').replace('?', '%3f').replace('#', '%23')}"
    base = sqlite3.connect(f"{uri}?mode=ro", uri=True, isolation_level=None)
    try:
        try:
            version = base.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.OperationalError:  # a folder that can't be written and no log: nothing can change it
            base.close()
            base = sqlite3.connect(f"{uri}?mode=ro&immutable=1", uri=True, isolation_level=None)
            version = base.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            raise UnreadableInput(UNBORN.format(folder))
        if version != _VERSION:
            raise UnreadableInput(f"{path}: no ledger of this version of recon")
        base.row_factory = sqlite3.Row
        base.execute("BEGIN")  # one state of the ledger, however long it is read
        yield base
    except sqlite3.DatabaseError as error:
        raise UnreadableInput(f"{path}: no usable ledger ({error})") from error
    finally:
        base.close()


def meta(base: sqlite3.Connection, name: str, default: Any = None) -> Any:
    """A JSON value kept in the ledger."""
    row = base.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return default if row is None else json.loads(row[0])


def counts(base: sqlite3.Connection) -> dict[str, int]:
    """How many items there are in each state, all together as ``items``, and ``unstable`` among the skipped.

    A file that belongs to no scan counts as an item of its own, so the states add up to ``items``.
    """
    found = {str(state): 0 for state in State}
    unstable = 0
    for query in (
        "SELECT state, count(*), sum(reason LIKE 'unstable: %') FROM items GROUP BY state",
        "SELECT state, count(*), sum(reason LIKE 'unstable: %') FROM inputs WHERE item IS NULL AND state != '' "
        "GROUP BY state",
        # found and not planned yet: a run was killed between the two
        "SELECT 'pending', count(DISTINCT grp), 0 FROM inputs WHERE item IS NULL AND state = ''",
    ):
        for state, number, waiting in base.execute(query):
            found[state] += number
            unstable += waiting or 0
    return {"items": sum(found.values()), **found, "unstable": unstable}


def _item(base: sqlite3.Connection, row: sqlite3.Row) -> Item:
    files: dict[str, list[Path]] = {}
    query = "SELECT path, role FROM inputs WHERE item = ? AND state = '' ORDER BY role, path"
    for path, role in base.execute(query, (row["number"],)):
        files.setdefault(role, []).append(Path(path))
    return Item(
        row["number"], row["key"], row["name"], row["task"], row["why"], files, row["attempts"], row["input_sha256"],
        row["suspect"],
    )  # fmt: skip


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
