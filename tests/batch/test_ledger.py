"""Transitions of items: each is one commit, counted once, and none loses the reason."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from recon.batch.items import InputFile, Item, Produced
from recon.batch.ledger import BatchLedger, ModelChanged
from recon.batch.plan import TaskRule, plan
from recon.batch.states import State
from tests.batch.archives import report_of

MODEL = {"name": "ct_denoise", "version": "1", "sha256": "a" * 64}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[BatchLedger]:
    made = BatchLedger(tmp_path)
    yield made
    made.close()


@pytest.fixture
def add(ledger: BatchLedger) -> Callable[[str], None]:
    """An item of one file."""

    def item(name: str) -> None:
        ledger.put_inputs([InputFile(Path(f"/a/{name}"), 1, 1, "CT", name)], scan=1)
        with ledger.writing() as base:
            made = base.execute(
                "INSERT INTO items (key, name, task, why, state) VALUES (?, ?, 'ct', '', 'pending')", (name, name)
            )
            base.execute("UPDATE inputs SET item = ? WHERE path = ?", (made.lastrowid, f"/a/{name}"))

    return item


def claimed(ledger: BatchLedger) -> Item:
    item = ledger.claim()
    assert item is not None
    return item


def state_of(ledger: BatchLedger, item: Item) -> tuple[str, str, int]:
    with ledger.looking() as base:
        row = base.execute("SELECT state, reason, attempts FROM items WHERE number = ?", (item.number,)).fetchone()
    return row["state"], row["reason"], row["attempts"]


def report(**more: Any) -> dict[str, Any]:
    return {"verdict": "PASS", "model": MODEL, "slices": {"total": 3}, "checks": [], **more}


def test_items_are_claimed_in_order_and_each_once(ledger: BatchLedger, add: Callable[[str], None]) -> None:
    for name in ("one", "two"):
        add(name)
    first, second = claimed(ledger), claimed(ledger)
    assert (first.name, second.name, first.attempts) == ("one", "two", 1)
    assert first.paths == [Path("/a/one")]
    assert ledger.claim() is None
    assert ledger.next_due() is None


def test_what_is_put_back_waits_and_counts_only_where_it_is_to_blame(
    ledger: BatchLedger, add: Callable[[str], None]
) -> None:
    add("one")
    item = claimed(ledger)
    ledger.put_back(item, "the service was away", counted=False)
    assert state_of(ledger, item) == ("pending", "the service was away", 0)
    ledger.put_back(claimed(ledger), "failed", delay_s=1000)
    assert state_of(ledger, item) == ("pending", "failed", 1)
    assert ledger.claim() is None
    due = ledger.next_due()
    assert due is not None
    assert due > 1000


def test_a_suspect_waits_until_healthy_items_have_ended(ledger: BatchLedger, add: Callable[[str], None]) -> None:
    for name in ("one", "two"):
        add(name)
    ledger.put_back(claimed(ledger), "a worker died", suspect=True)
    healthy = claimed(ledger)
    assert healthy.name == "two"
    assert ledger.claim() is None  # while a healthy one runs
    ledger.publish(healthy, Produced(report(), {}))
    suspect = claimed(ledger)
    assert (suspect.name, suspect.suspect) == ("one", 1)


def test_a_killed_run_costs_no_attempt_and_makes_its_items_suspects(
    ledger: BatchLedger, add: Callable[[str], None]
) -> None:
    add("one")
    item = claimed(ledger)
    assert [left.number for left in ledger.reclaim()] == [item.number]
    assert state_of(ledger, item) == ("pending", "", 0)
    assert claimed(ledger).suspect == 1
    assert len(ledger.reclaim()) == 1


@pytest.mark.parametrize(("verdict", "state"), [("PASS", "done"), ("REVIEW", "done"), ("REJECT", "rejected")])
def test_the_verdict_decides_what_an_item_becomes(
    ledger: BatchLedger, add: Callable[[str], None], verdict: str, state: str
) -> None:
    add("one")
    item = claimed(ledger)
    checks = [{"name": "noise", "message": "too much", "outcome": verdict, "value": 7.0, "surplus": "x"}]
    made = Produced(report(verdict=verdict, checks=checks), {"image.nii.gz": (5, "b" * 64)})
    assert ledger.publish(item, made) == State(state)
    assert state_of(ledger, item)[:2] == (state, "too much" if verdict == "REJECT" else "")
    with ledger.looking() as base:
        assert tuple(base.execute("SELECT path, size FROM outputs").fetchone()) == ("image.nii.gz", 5)
        kept = base.execute("SELECT checks, slices, model FROM items").fetchone()
    assert "surplus" not in kept["checks"]
    assert (kept["slices"], kept["model"]) == (3, "ct_denoise")


def test_files_that_a_task_left_out_count_for_themselves(ledger: BatchLedger, add: Callable[[str], None]) -> None:
    add("one")
    item = claimed(ledger)
    ledger.publish(item, Produced(report(skipped=[{"path": "/a/one", "reason": "a localizer"}]), {}))
    with ledger.looking() as base:
        row = base.execute("SELECT item, role, state, reason FROM inputs").fetchone()
    assert tuple(row) == (None, "left out", "skipped", "a localizer")


def test_only_what_may_pass_is_tried_again_where_that_is_asked(ledger: BatchLedger, add: Callable[[str], None]) -> None:
    for name in ("one", "two"):
        add(name)
    ledger.give_up(claimed(ledger), State.FAILED, "damaged")
    ledger.give_up(claimed(ledger), State.FAILED, "the service was away", retryable=True)
    assert ledger.again(only_retryable=True) == 1
    assert claimed(ledger).name == "two"
    assert ledger.again() == 1


def test_one_run_holds_images_of_one_model(ledger: BatchLedger, add: Callable[[str], None]) -> None:
    for name in ("one", "two"):
        add(name)
    ledger.publish(claimed(ledger), Produced(report(), {}))
    second = claimed(ledger)
    ledger.require_same_model(second, report())
    other = {**MODEL, "sha256": "c" * 64}
    with pytest.raises(ModelChanged, match="1 here were made by another ct_denoise:1"):
        ledger.require_same_model(second, report(model=other))
    # where the scan decides, models of other names stand beside each other, other weights of one name do not
    chosen = {"model_reason": "for this sampling"}
    ledger.require_same_model(second, report(model={**other, "name": "sense"}, parameters=chosen))
    with pytest.raises(ModelChanged):
        ledger.require_same_model(second, report(model=other, parameters=chosen))


def test_uncommitted_are_those_whose_input_is_known(ledger: BatchLedger, add: Callable[[str], None]) -> None:
    for name in ("one", "two", "three"):
        add(name)
    first = claimed(ledger)
    ledger.identify(first, {Path("/a/one"): "d" * 64}, "e" * 64)
    assert [(item.name, item.input_sha256) for item in ledger.uncommitted()] == [("one", "e" * 64)]
    ledger.publish(first, Produced(report(), {}))
    assert list(ledger.uncommitted()) == []


def _peak(folder: Path, number: int) -> float:
    """MB that Python holds at most while so many items go through a ledger."""
    folder.mkdir()
    ledger = BatchLedger(folder)
    with ledger.looking() as base:
        base.execute("PRAGMA synchronous = OFF")  # the disk is not what is measured here
    tracemalloc.start()
    for start in range(0, number, 200):
        ledger.put_inputs(
            (
                InputFile(Path(f"/a/{n:05d}.h5"), 1, 1, "hdf5", f"hdf5:{n}", f"hdf5:{n}", f"{n:05d}")
                for n in range(start, start + 200)
            ),
            1,
        )
    plan(ledger, [TaskRule("*.h5", "mr")])
    done = 0
    while (item := ledger.claim()) is not None:
        ledger.publish(item, Produced(report_of(item), {"report.json": (1, "00")}))
        done += 1
    size = tracemalloc.get_traced_memory()[1]
    ledger.close()
    assert done == number
    return size / 1e6


@pytest.mark.long
def test_thousands_of_items_in_flat_memory(tmp_path: Path) -> None:
    """What the ledger's side of a run holds does not grow with the archive."""
    # in processes of their own: what other tests have left running is not measured
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as apart:
        small, large = (apart.submit(_peak, tmp_path / str(n), n).result() for n in (400, 4000))
    assert large < small + 1.6  # MB; names of result folders are what is kept
