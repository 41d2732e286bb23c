"""The ledger: one SQLite file that every part of the node reads and writes, a commit for every step.

Receiving, deciding, working and sending know of each other by it alone, so that each may be a process of its
own, and may be killed at any moment.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recon.errors import OutputFailed, UnreadableInput

NAME = "node.sqlite"
_SCHEMA = """
CREATE TABLE instances (
    sop TEXT PRIMARY KEY, series INTEGER NOT NULL REFERENCES series (number), sop_class TEXT NOT NULL,
    syntax TEXT NOT NULL, path TEXT NOT NULL, size INTEGER NOT NULL, sha256 TEXT NOT NULL,
    received REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX instances_by_series ON instances (series);
CREATE TABLE series (
    number INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, study TEXT NOT NULL, facts TEXT NOT NULL,
    expected INTEGER, first REAL NOT NULL, last REAL NOT NULL, state TEXT NOT NULL, version INTEGER NOT NULL DEFAULT 0,
    counted INTEGER NOT NULL DEFAULT 0, rule TEXT NOT NULL DEFAULT '', role TEXT NOT NULL DEFAULT '');
CREATE INDEX series_by_state ON series (state, last);
CREATE INDEX series_by_study ON series (study);
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY, study TEXT NOT NULL, rule TEXT NOT NULL, task TEXT NOT NULL, options TEXT NOT NULL,
    priority INTEGER NOT NULL, state TEXT NOT NULL, why TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0, crashes INTEGER NOT NULL DEFAULT 0, not_before REAL NOT NULL DEFAULT 0,
    deadline REAL,
    created REAL NOT NULL, started REAL, finished REAL, verdict TEXT NOT NULL DEFAULT '',
    checks TEXT NOT NULL DEFAULT '[]', cleaned INTEGER NOT NULL DEFAULT 0);
CREATE INDEX jobs_by_state ON jobs (state, priority, number);
CREATE INDEX jobs_by_study ON jobs (study);
CREATE TABLE inputs (
    job INTEGER NOT NULL REFERENCES jobs (number), series INTEGER NOT NULL, role TEXT NOT NULL, sop TEXT NOT NULL,
    PRIMARY KEY (job, sop)) WITHOUT ROWID;
CREATE TABLE objects (
    sop TEXT PRIMARY KEY, job INTEGER NOT NULL REFERENCES jobs (number), number INTEGER NOT NULL, study TEXT NOT NULL,
    series TEXT NOT NULL, kind TEXT NOT NULL, sop_class TEXT NOT NULL, syntax TEXT NOT NULL,
    path TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX objects_by_series ON objects (study, series);
CREATE TABLE deliveries (
    number INTEGER PRIMARY KEY, destination TEXT NOT NULL, study TEXT NOT NULL, series TEXT NOT NULL,
    sop TEXT NOT NULL, sop_class TEXT NOT NULL, syntax TEXT NOT NULL, path TEXT NOT NULL, job INTEGER,
    kind TEXT NOT NULL, priority INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'pending',
    attempts INTEGER NOT NULL DEFAULT 0, refusals INTEGER NOT NULL DEFAULT 0, not_before REAL NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT '', created REAL NOT NULL, sent REAL, asked REAL, asks INTEGER NOT NULL DEFAULT 0,
    committed REAL, UNIQUE (destination, sop));
CREATE INDEX deliveries_by_state ON deliveries (destination, state, not_before);
CREATE INDEX deliveries_by_job ON deliveries (job);
CREATE TABLE commitments (
    uid TEXT PRIMARY KEY, peer TEXT NOT NULL, called TEXT NOT NULL, ours INTEGER NOT NULL, state TEXT NOT NULL,
    sops TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, not_before REAL NOT NULL DEFAULT 0,
    created REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX commitments_by_state ON commitments (state, not_before);
CREATE TABLE said (number INTEGER PRIMARY KEY, at REAL NOT NULL, about TEXT NOT NULL, words TEXT NOT NULL);
CREATE INDEX said_by_subject ON said (about, number);
"""
#: What later versions changed, in order; a ledger of an earlier one is brought up to date when it is opened.
_CHANGES = (
    # a result that goes out when a reader has accepted it; its delivery is held or withheld until then
    "ALTER TABLE deliveries ADD COLUMN by_reader INTEGER NOT NULL DEFAULT 0",
    # work that was begun before its series is known to be whole, and is not published until it is
    "ALTER TABLE jobs ADD COLUMN early INTEGER NOT NULL DEFAULT 0",
    # what is next, and what is too old, is found without a look at the whole backlog
    "DROP INDEX deliveries_by_state",
    "CREATE INDEX deliveries_in_order ON deliveries (destination, state, priority, number)",
    "CREATE INDEX deliveries_by_study ON deliveries (study, destination, state)",
    "CREATE INDEX deliveries_by_age ON deliveries (destination, state, created)",
    "CREATE INDEX deliveries_by_reader ON deliveries (job) WHERE by_reader = 1",
    "DROP INDEX jobs_by_state",
    "CREATE INDEX jobs_in_order ON jobs (state, early, priority, number)",
)
_VERSION = 1 + len(_CHANGES)


class Ledger:
    """A connection to the ledger of a folder, for all threads of a process; made when it is absent.

    Parameters
    ----------
    folder
        Of the node.

    Raises
    ------
    UnreadableInput
        When the file there is no ledger of this version.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._mutex = threading.RLock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._base = _opened(folder / NAME)
        except OSError as error:
            raise OutputFailed(f"{folder}: {error.strerror}; choose another folder") from error
        except sqlite3.DatabaseError as error:
            raise UnreadableInput(f"{folder / NAME}: no usable ledger ({error}); restore it or move it away") from error

    def close(self) -> None:
        """Close the connection."""
        with self._mutex:
            self._base.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, committed when the block ends well; one inside another is part of it.

        Raises
        ------
        OutputFailed
            When the disk is full or can't be written.
        """
        with self._mutex:
            if self._base.in_transaction:
                yield self._base
                return
            try:
                self._base.execute("BEGIN IMMEDIATE")
                yield self._base
                self._base.execute("COMMIT")
            except sqlite3.OperationalError as error:
                raise OutputFailed(f"{self.folder / NAME}: can't be written ({error}); see to the disk") from error
            finally:
                if self._base.in_transaction:  # a full disk may have ended it already
                    self._base.execute("ROLLBACK")

    @contextmanager
    def looking(self) -> Iterator[sqlite3.Connection]:
        """The connection, to read."""
        with self._mutex:
            yield self._base

    def say(self, about: str, words: str) -> None:
        """Write down what happened to a series, a job or a destination, and why; no patient data."""
        with self.writing() as base:
            base.execute("INSERT INTO said (at, about, words) VALUES (?, ?, ?)", (time.time(), about, words))


def _opened(path: Path) -> sqlite3.Connection:
    base = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=60)
    base.row_factory = sqlite3.Row
    base.execute("PRAGMA journal_mode = WAL")
    base.execute("PRAGMA synchronous = FULL")
    base.execute("BEGIN IMMEDIATE")
    try:
        version = base.execute("PRAGMA user_version").fetchone()[0]
        if version > _VERSION:
            raise sqlite3.DatabaseError(f"version {version}, this is recon for version {_VERSION}")
        for statement in _SCHEMA.split(";\n") if version == 0 else ():
            base.execute(statement)
        for change in _CHANGES[max(version - 1, 0) :]:
            base.execute(change)
        base.execute(f"PRAGMA user_version = {_VERSION}")
        base.execute("COMMIT")
    except BaseException:
        base.execute("ROLLBACK")
        base.close()
        raise
    return base
