"""The readers' book: one SQLite file beside the results, for decisions and blind readings; images are never written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recon.errors import OutputFailed, UnreadableInput

#: Of the file, in the folder that holds the results.
NAME = "decisions.sqlite"
_VERSION = 1
_PATIENCE_S = 10.0
_SCHEMA = """
CREATE TABLE decisions (
    number INTEGER PRIMARY KEY AUTOINCREMENT, result TEXT NOT NULL, report_sha256 TEXT NOT NULL, task TEXT NOT NULL,
    verdict TEXT NOT NULL, reader TEXT NOT NULL, choice TEXT NOT NULL, note TEXT NOT NULL, made REAL NOT NULL,
    taken_back REAL);
CREATE INDEX decisions_by_result ON decisions (result, reader, number);
CREATE TABLE studies (
    number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, design TEXT NOT NULL, seed INTEGER NOT NULL,
    question TEXT NOT NULL, items TEXT NOT NULL, made REAL NOT NULL);
CREATE TABLE answers (
    study INTEGER NOT NULL REFERENCES studies (number), reader TEXT NOT NULL, trial INTEGER NOT NULL,
    answer INTEGER NOT NULL, seconds REAL NOT NULL, made REAL NOT NULL, PRIMARY KEY (study, reader, trial));
"""


class Book:
    """A file that several readers, in several processes, may write at once.

    Parameters
    ----------
    path
        Of the file, which is made when something is written for the first time.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, committed when the block ends well.

        Raises
        ------
        OutputFailed
            When the file can't be written.
        UnreadableInput
            When it is no book of this version.
        """
        try:
            base = sqlite3.connect(self.path, timeout=_PATIENCE_S, isolation_level=None)
        except sqlite3.Error as error:
            raise OutputFailed(
                f"{self.path}: can't be written ({error}); name another file with --decisions"
            ) from error
        try:
            base.row_factory = sqlite3.Row
            base.execute("PRAGMA synchronous = FULL")
            base.execute("BEGIN IMMEDIATE")
            if base.execute("PRAGMA user_version").fetchone()[0] == 0:
                for statement in _SCHEMA.split(";\n"):
                    base.execute(statement)
                base.execute(f"PRAGMA user_version = {_VERSION}")
            self._known(base)
            yield base
            base.execute("COMMIT")
        except sqlite3.OperationalError as error:
            words = f"{self.path}: can't be written ({error}); nothing was kept; name another file with --decisions"
            raise OutputFailed(words) from error
        except sqlite3.IntegrityError:  # the caller's affair: there already
            raise
        except sqlite3.DatabaseError as error:
            raise UnreadableInput(f"{self.path}: no book of readers' decisions ({error})") from error
        finally:
            if base.in_transaction:
                base.execute("ROLLBACK")
            base.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """A connection that only reads; None where nothing has been written yet.

        Raises
        ------
        UnreadableInput
            When the file is no book of this version.
        """
        if not self.path.exists() or self.path.stat().st_size == 0:
            yield None
            return
        quoted = str(self.path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
        try:
            base = sqlite3.connect(f"file:{quoted}?mode=ro", uri=True, timeout=_PATIENCE_S, isolation_level=None)
            try:
                base.row_factory = sqlite3.Row
                self._known(base)
                yield base
            finally:
                base.close()
        except sqlite3.DatabaseError as error:
            raise UnreadableInput(f"{self.path}: no book of readers' decisions ({error})") from error

    def _known(self, base: sqlite3.Connection) -> None:
        version = base.execute("PRAGMA user_version").fetchone()[0]
        if version != _VERSION:
            raise UnreadableInput(f"{self.path}: no book of this version of recon ({version}, not {_VERSION})")
