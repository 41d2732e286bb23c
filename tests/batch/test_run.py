"""Whole runs with a service that behaves as told."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from recon.batch.archive import kept_spec, resume
from recon.batch.items import Item
from recon.batch.ledger import BatchLedger
from recon.batch.lock import LedgerInUse, held
from recon.batch.runner import Runner
from recon.batch.status import status
from recon.batch.storage import Storage
from recon.batch.verify import verify
from recon.errors import (
    DeadlineExceeded,
    InvalidRequest,
    UnusableData,
)
from tests.batch.archives import QUICK, FakeExecutor, connecting, published, report_of, run, write_nifti, write_series

PARTS = ("done", "failed", "rejected", "skipped", "running", "pending")


def test_all_done(tmp_path: Path) -> None:
    write_series(tmp_path / "a" / "one")
    write_nifti(tmp_path / "a" / "two.nii.gz")
    executor = FakeExecutor()
    counts = run(tmp_path / "a", tmp_path / "out", executor)
    assert (counts["done"], counts["exit_status"]) == (2, 0)
    assert sorted(executor.calls) == published(tmp_path / "out") == ["one_1", "two"]
    with sqlite3.connect(tmp_path / "out" / "ledger.sqlite") as base:
        row = base.execute(
            "SELECT task, model, model_version, model_sha256, verdict, attempts, length(input_sha256) "
            "FROM items WHERE name = 'one_1'"
        ).fetchone()
        assert row == ("ct", "ct_model", "1", "ab" * 32, "PASS", 1, 64)
        assert base.execute("SELECT count(*) FROM inputs WHERE length(sha256) = 64").fetchone() == (4,)


def test_a_second_run_does_nothing_again(tmp_path: Path) -> None:
    write_series(tmp_path / "a" / "one")
    run(tmp_path / "a", tmp_path / "out")
    executor = FakeExecutor()
    assert run(tmp_path / "a", tmp_path / "out", executor)["exit_status"] == 0
    assert executor.calls == []


def test_a_dropped_slice_is_a_failure(tmp_path: Path) -> None:
    write_series(tmp_path / "a" / "one")
    executor = FakeExecutor(lambda item, call: report_of(item, slices=64, missing=(37,)))
    counts = run(tmp_path / "a", tmp_path / "out", executor)
    assert (counts["done"], counts["failed"], counts["exit_status"]) == (0, 1, 1)
    assert published(tmp_path / "out") == []
    reasons = {entry["reason"] for entry in status(tmp_path / "out")["inputs"].values()}
    assert reasons == {"incomplete: 1 of 64 slices have no result (slice 38)"}


OUTCOMES: dict[str, Any] = {
    "done": None,
    "rejected": "REJECT",
    "failed": UnusableData("all samples are NaN"),
    "defect": ZeroDivisionError("oops"),
    "slow": DeadlineExceeded("the time ran out"),
}


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (["done"], 0),
        (["done", "done"], 0),
        (["rejected"], 1),
        (["failed"], 1),
        (["defect"], 1),
        (["slow"], 1),
        (["done", "rejected"], 1),
        (["done", "failed"], 1),
        (["done", "rejected", "failed", "defect", "slow"], 1),
        (["broken file"], 1),
        (["done", "broken file"], 1),
        (["text"], 2),
        ([], 2),
        (["done", "text"], 0),
    ],
)
def test_exit_status_agrees_with_report_and_status(outcomes: list[str], expected: int, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for index, outcome in enumerate(outcomes):
        if outcome == "broken file":
            (tmp_path / "a" / f"{index}.nii").write_bytes(b"no NIfTI")
        elif outcome == "text":
            (tmp_path / "a" / f"{index}.txt").write_text("hello")
        else:
            write_nifti(tmp_path / "a" / f"{outcome}-{index}.nii", seed=index)

    def behave(item: Item, call: int) -> dict[str, Any] | None:
        told = OUTCOMES[item.name.split("-")[0]]
        if isinstance(told, Exception):
            raise told
        return report_of(item, verdict=told) if told else None

    counts = run(tmp_path / "a", tmp_path / "out", FakeExecutor(behave))
    found = status(tmp_path / "out")
    assert counts["exit_status"] == found["exit_status"] == expected
    assert found["items"] == sum(found[part] for part in PARTS) == len(outcomes) == len(found["inputs"])
    for part in PARTS:
        assert found[part] == sum(entry["state"] == part for entry in found["inputs"].values())
    page = (tmp_path / "out" / "report.html").read_text()
    assert f"Exit status {expected}." in page
    for part in ("items", "done", "failed"):
        assert f">{found[part]}</b>{part}<" in page
    assert verify(tmp_path / "out").wrong == {}
    assert all(entry["reason"] for entry in found["inputs"].values())


def test_input_that_grows_while_it_is_processed_is_unstable(tmp_path: Path) -> None:
    write_series(tmp_path / "a" / "one", 2)
    spare = write_series(tmp_path / "spare", 3)
    for path in spare[:2]:
        (tmp_path / "a" / "two" / path.name).parent.mkdir(exist_ok=True)
        (tmp_path / "a" / "two" / path.name).write_bytes(path.read_bytes())

    def behave(item: Item, call: int) -> None:
        if item.name == "two_1":
            (tmp_path / "a" / "two" / spare[2].name).write_bytes(spare[2].read_bytes())

    counts = run(tmp_path / "a", tmp_path / "out", FakeExecutor(behave))
    assert (counts["done"], counts["skipped"], counts["unstable"], counts["exit_status"]) == (1, 1, 1, 1)
    assert published(tmp_path / "out") == ["one_1"]
    executor = FakeExecutor()
    after = resume(tmp_path / "out", connecting(executor), QUICK)
    assert (after["done"], after["exit_status"], executor.calls) == (2, 0, ["two_1"])
    assert len(status(tmp_path / "out")["inputs"]) == 5


def test_input_that_changed_after_it_was_done_is_said(tmp_path: Path) -> None:
    path = write_nifti(tmp_path / "a" / "n.nii")
    run(tmp_path / "a", tmp_path / "out")
    write_nifti(path, seed=5)
    executor = FakeExecutor()
    counts = resume(tmp_path / "out", connecting(executor), QUICK)
    assert (counts["failed"], counts["done"], executor.calls) == (1, 0, [])
    after = resume(tmp_path / "out", connecting(executor), QUICK, again="failed")
    assert (after["done"], after["exit_status"]) == (1, 0)
    assert verify(tmp_path / "out").wrong == {}


def test_published_once(tmp_path: Path) -> None:
    """An item that is run twice on purpose keeps its first result, whole."""
    write_nifti(tmp_path / "a" / "n.nii")
    run(tmp_path / "a", tmp_path / "out")
    storage, ledger = Storage(tmp_path / "out"), BatchLedger(tmp_path / "out")
    first = {path: path.read_bytes() for path in (tmp_path / "out" / "n").rglob("*") if path.is_file()}
    with ledger.writing() as base:
        base.execute("UPDATE items SET state = 'pending'")
    Runner(ledger, storage, FakeExecutor(), QUICK).run()
    ledger.close()
    assert {path: path.read_bytes() for path in (tmp_path / "out" / "n").rglob("*") if path.is_file()} == first
    found = verify(tmp_path / "out")
    assert (found.checked, found.wrong) == (1, {})


def test_a_second_run_on_the_same_ledger_is_refused(tmp_path: Path) -> None:
    write_nifti(tmp_path / "a" / "n.nii")
    run(tmp_path / "a", tmp_path / "out")
    with held(tmp_path / "out"):
        with pytest.raises(LedgerInUse, match="a run is under way"):
            run(tmp_path / "a", tmp_path / "out")
        assert status(tmp_path / "out")["active"]


def test_output_in_place_of_the_input_is_refused(tmp_path: Path) -> None:
    write_nifti(tmp_path / "n.nii")
    with pytest.raises(InvalidRequest, match="can't lie among the inputs"):
        run(tmp_path, tmp_path)


def test_output_inside_the_input_is_no_input(tmp_path: Path) -> None:
    write_series(tmp_path / "a" / "one")
    assert run(tmp_path / "a", tmp_path / "a" / "out")["done"] == 1
    counts = run(tmp_path / "a", tmp_path / "a" / "out")
    assert (counts["done"], counts["skipped"]) == (1, 1)


def test_status_while_a_run_writes(tmp_path: Path) -> None:
    write_nifti(tmp_path / "a" / "n.nii")
    seen: list[dict[str, Any]] = []
    run(tmp_path / "a", tmp_path / "out", FakeExecutor(lambda item, call: seen.append(status(tmp_path / "out"))))
    assert seen[0]["running"] == 1
    assert seen[0]["active"]
    assert kept_spec(tmp_path / "out").inputs == [str(tmp_path / "a")]


def test_threads_end(tmp_path: Path) -> None:
    before = threading.active_count()
    write_nifti(tmp_path / "a" / "n.nii")
    run(tmp_path / "a", tmp_path / "out")
    assert threading.active_count() <= before
