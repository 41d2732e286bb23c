"""The ledger's file: its tables, and the two ways to open it; who only looks never writes, not even to recover."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from recon.batch.states import State
from recon.errors import InvalidRequest, UnreadableInput

NAME = "ledger.sqlite"
UNBORN = "{}: its run was stopped before it began; start it again with `recon batch run`"
_VERSION = 2
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


def opened(path: Path) -> sqlite3.Connection:
    """The writing connection; makes the tables where there are none.

    Raises
    ------
    InvalidRequest
        When another version of recon wrote it.
    """
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
