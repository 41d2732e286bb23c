"""A disk that fills up stops a run; nothing is lost, and nothing is condemned."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from recon.batch import execute
from recon.batch.archive import Hooks, resume
from recon.batch.items import Item, Produced
from recon.batch.ledger import BatchLedger
from recon.batch.states import State
from recon.batch.status import status
from recon.batch.storage import Storage
from recon.batch.verify import verify
from recon.errors import DiskFull, OutputFailed
from tests.batch.archives import QUICK, FakeExecutor, connecting, published, run, write_nifti


def test_a_disk_that_fills_up_under_a_job_stops_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_space(*given: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(execute, "perform_job", no_space)
    for index in range(3):
        write_nifti(tmp_path / "a" / f"n{index}.nii", index)
    executor = FakeExecutor(lambda item, call: execute.perform(None, item, tmp_path, {}))  # type: ignore[arg-type]
    counts = run(tmp_path / "a", tmp_path / "out", executor)
    assert (counts["pending"], counts["failed"]) == (3, 0)
    assert "disk is full" in counts["stopped"]


class _FullLedger(BatchLedger):
    """Its disk has no page left when a result is to be committed."""

    def publish(self, item: Item, made: Produced) -> State:
        with self.looking() as base:
            pages = base.execute("PRAGMA page_count").fetchone()[0]
            base.execute(f"PRAGMA max_page_count = {pages}")
        many = [{"name": "x" * 10_000, "message": "", "outcome": "PASS"}] * 3
        return super().publish(item, Produced({**made.report, "checks": many}, made.outputs))


def test_a_disk_that_fills_up_under_the_ledger_condemns_nothing(tmp_path: Path) -> None:
    for index in range(4):
        write_nifti(tmp_path / "a" / f"n{index}.nii", index)
    with pytest.raises(OutputFailed, match=r"ledger.sqlite: the disk is full; free space, then resume"):
        run(tmp_path / "a", tmp_path / "out", hooks=Hooks(ledger=_FullLedger))
    assert status(tmp_path / "out")["failed"] == 0
    there, executor = published(tmp_path / "out"), FakeExecutor()
    assert resume(tmp_path / "out", connecting(executor), QUICK)["done"] == 4
    assert not set(there) & set(executor.calls)  # what was finished is adopted


def test_a_transaction_that_fails_leaves_none_behind(tmp_path: Path) -> None:
    ledger = BatchLedger(tmp_path)
    ledger.set("kept", 1)
    with ledger.looking() as base:
        base.execute(f"PRAGMA max_page_count = {base.execute('PRAGMA page_count').fetchone()[0]}")
    with pytest.raises(OutputFailed):
        ledger.set("large", "x" * 100_000)
    ledger.set("kept", 2)
    ledger.close()
    again = BatchLedger(tmp_path)
    assert (again.get("kept"), again.get("large")) == (2, None)
    again.close()


def test_a_screen_that_can_not_be_written_changes_no_item(tmp_path: Path) -> None:
    def full(item: Item, state: State, reason: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    write_nifti(tmp_path / "a" / "n.nii")
    assert run(tmp_path / "a", tmp_path / "out", hooks=Hooks(listener=full))["done"] == 1
    assert verify(tmp_path / "out").unknown == []


def test_a_full_disk_stops_the_run(tmp_path: Path) -> None:
    class Full(Storage):
        def sync_files(self, attempt: Path) -> None:
            raise DiskFull(f"{attempt}: the disk is full")

    for index in range(5):
        write_nifti(tmp_path / "a" / f"n{index}.nii", seed=index)
    executor = FakeExecutor()
    counts = run(tmp_path / "a", tmp_path / "out", executor, hooks=Hooks(storage=Full))
    assert (counts["pending"], counts["done"], counts["failed"], counts["exit_status"]) == (5, 0, 0, 1)
    assert "disk is full" in counts["stopped"]
    assert published(tmp_path / "out") == []
