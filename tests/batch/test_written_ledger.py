"""Transactions of the ledger end whole or not at all, on any thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from recon.batch.ledger_file import NAME
from recon.batch.written_ledger import LedgerFailed, WrittenLedger
from recon.errors import UnreadableInput


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[WrittenLedger]:
    made = WrittenLedger(tmp_path)
    yield made
    made.close()


def test_a_transaction_that_fails_leaves_nothing(ledger: WrittenLedger) -> None:
    ledger.set("before", [1])
    with pytest.raises(KeyError), ledger.writing():  # noqa: PT012
        ledger.set("within", 2)  # part of the outer one
        raise KeyError
    assert ledger.get("before") == [1]
    assert ledger.get("within", "absent") == "absent"


def test_threads_wait_for_each_other(ledger: WrittenLedger) -> None:
    def count() -> None:
        for _ in range(25):
            with ledger.writing():
                ledger.set("count", ledger.get("count", 0) + 1)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.get("count") == 100


def test_what_can_not_be_written_is_said_with_what_to_do(ledger: WrittenLedger) -> None:
    with ledger.looking() as base:
        base.execute("PRAGMA query_only = ON")
    with pytest.raises(LedgerFailed, match=f"{NAME}: .* then resume"):
        ledger.set("a", 1)


def test_a_full_disk_is_called_by_its_name(ledger: WrittenLedger) -> None:
    with ledger.looking() as base:
        base.execute("PRAGMA max_page_count = 1")  # as many as there are already
    with pytest.raises(LedgerFailed, match="the disk is full; free space, then resume"):
        ledger.set("large", "x" * 1_000_000)
    with ledger.looking() as base:
        base.execute("PRAGMA max_page_count = 100000")
    ledger.set("small", 1)  # and goes on once there is room
    assert ledger.get("small") == 1


def test_a_file_that_is_no_ledger_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"something else" * 200)
    with pytest.raises(UnreadableInput, match="no usable ledger"):
        WrittenLedger(tmp_path)
    assert (tmp_path / NAME).read_bytes().startswith(b"something else")
