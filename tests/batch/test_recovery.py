"""A finished result whose commit was lost is adopted; nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from recon.batch.items import Item
from recon.batch.ledger import BatchLedger
from recon.batch.recovery import recover
from recon.batch.storage import Storage


@pytest.fixture
def interrupted(tmp_path: Path) -> tuple[BatchLedger, Storage, Item]:
    """A run that was killed between the rename and the commit."""
    ledger, storage = BatchLedger(tmp_path), Storage(tmp_path)
    with ledger.writing() as base:
        base.execute("INSERT INTO items (key, name, task, why, state) VALUES ('k', 'chest', 'ct', '', 'pending')")
    claimed = ledger.claim()
    assert claimed is not None
    ledger.identify(claimed, {}, "f" * 64)
    (item,) = ledger.uncommitted()
    folder = storage.begin(item)
    (folder / "image").write_text("image")
    storage.publish(item, folder, {"verdict": "PASS", "model": {"name": "m", "sha256": "a" * 64}})
    return ledger, storage, item


def state_of(ledger: BatchLedger) -> str:
    with ledger.looking() as base:
        return str(base.execute("SELECT state FROM items WHERE name = 'chest'").fetchone()[0])


def test_a_whole_result_is_adopted_once(interrupted: tuple[BatchLedger, Storage, Item]) -> None:
    ledger, storage, _ = interrupted
    assert recover(ledger, storage) == 1
    assert state_of(ledger) == "done"
    assert recover(ledger, storage) == 0


def test_a_damaged_result_is_made_again(interrupted: tuple[BatchLedger, Storage, Item]) -> None:
    ledger, storage, item = interrupted
    (storage.final(item) / "image").write_text("imagE")
    (storage.folder / ".attempts" / "9.1").mkdir(parents=True)
    assert recover(ledger, storage) == 0
    assert state_of(ledger) == "pending"
    assert not (storage.folder / ".attempts").exists()


def test_a_result_by_another_model_than_those_that_are_there_is_made_again(
    interrupted: tuple[BatchLedger, Storage, Item],
) -> None:
    ledger, storage, _ = interrupted
    with ledger.writing() as base:
        base.execute(
            "INSERT INTO items (key, name, task, why, state, model, model_sha256) "
            "VALUES ('o', 'other', 'ct', '', 'done', 'm', ?)",
            ("b" * 64,),
        )
    assert recover(ledger, storage) == 0
    assert state_of(ledger) == "pending"
