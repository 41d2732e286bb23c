"""The ledger's file: made once, read without being touched, refused where it is none."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from recon.batch.ledger_file import NAME, counts, meta, opened, reading
from recon.errors import InvalidRequest, UnreadableInput


def test_states_add_up_to_items_with_files_that_belong_to_none(tmp_path: Path) -> None:
    with closing(opened(tmp_path / NAME)) as base:
        for number, (state, reason) in enumerate((("done", ""), ("done", ""), ("skipped", "unstable: grows"))):
            base.execute(
                "INSERT INTO items (number, key, name, task, why, state, reason) VALUES (?, ?, ?, 'ct', '', ?, ?)",
                (number, f"k{number}", f"n{number}", state, reason),
            )
        row = "INSERT INTO inputs VALUES (?, 1, 1, 1, '', ?, '', '', '', '', '', '', NULL, ?, '', '')"
        base.executemany(row, [("lost.txt", "", "skipped"), ("a/1", "a", ""), ("a/2", "a", "")])
        base.execute("INSERT INTO meta VALUES ('spec', '{\"inputs\": [1]}')")
    with reading(tmp_path) as base:
        found = counts(base)
        assert meta(base, "spec") == {"inputs": [1]}
        assert meta(base, "absent", 7) == 7
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            base.execute("DELETE FROM items")
    states = ("done", "rejected", "failed", "skipped", "pending", "running")
    assert [found[state] for state in states] == [2, 0, 0, 2, 1, 0]
    assert (found["items"], found["unstable"]) == (5, 1)


def test_what_is_no_ledger_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match="holds no ledger; start with"), reading(tmp_path):
        pass
    (tmp_path / NAME).write_bytes(b"no database at all" * 100)
    with pytest.raises(UnreadableInput, match="no usable ledger"), reading(tmp_path):
        pass
    (tmp_path / NAME).write_bytes(b"")
    with pytest.raises(UnreadableInput, match="stopped before it began"), reading(tmp_path):
        pass


def test_another_version_is_not_written_over(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / NAME)) as base:
        base.execute("PRAGMA user_version = 99")
    with pytest.raises(InvalidRequest, match="another version of recon"):
        opened(tmp_path / NAME)
    with pytest.raises(UnreadableInput, match="no ledger of this version"), reading(tmp_path):
        pass
