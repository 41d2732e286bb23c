"""The writing side of the ledger's file: one connection for all threads, and transactions that end whole or not at all.

While a run is under way the newest rows lie in ``ledger.sqlite-wal``: copy all files of that name
together, or none. Readers (:func:`recon.batch.ledger_file.reading`) never write, not even to recover.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from recon.batch.ledger_file import NAME, meta, opened
from recon.errors import OutputFailed, UnreadableInput


class LedgerFailed(OutputFailed):
    """The ledger can't be written, so that nothing may go on; what it says is true all the same."""


class WrittenLedger:
    """The file, open for writing; hold :func:`recon.batch.lock.held` before opening it.

    Parameters
    ----------
    folder
        The output folder; the file is made when it is absent.

    Raises
    ------
    UnreadableInput
        When what lies there is no ledger.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._mutex = threading.RLock()
        try:
            with _writing(folder / NAME):
                self._base = opened(folder / NAME)
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


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        full = error.sqlite_errorcode == sqlite3.SQLITE_FULL
        words = "the disk is full; free space" if full else f"can't be written ({error}); see to it"
        raise LedgerFailed(f"{path}: {words}, then resume") from error
