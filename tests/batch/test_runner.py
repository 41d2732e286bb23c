"""What is tried again and how often, and when a run gives up."""

from __future__ import annotations

import time
from pathlib import Path

from recon.batch.archive import resume
from recon.batch.items import Item
from recon.batch.runner import CANCEL, RunSettings
from recon.errors import (
    ServiceUnavailable,
    TooManyRequests,
    UnreadableInput,
)
from tests.batch.archives import QUICK, FakeExecutor, connecting, run, write_nifti


def test_retries_help_where_the_service_was_away(tmp_path: Path) -> None:
    for index in range(4):
        write_nifti(tmp_path / "a" / f"n{index}.nii", seed=index)

    def behave(item: Item, call: int) -> None:
        if call == 1:
            raise (ServiceUnavailable("went away") if item.name in ("n0", "n1") else TooManyRequests("full"))

    executor = FakeExecutor(behave)
    assert run(tmp_path / "a", tmp_path / "out", executor)["exit_status"] == 0
    assert len(executor.calls) == 8


def test_retries_end(tmp_path: Path) -> None:
    write_nifti(tmp_path / "a" / "n.nii")

    def behave(item: Item, call: int) -> None:
        raise ServiceUnavailable("crashes on this one")

    executor = FakeExecutor(behave)
    counts = run(tmp_path / "a", tmp_path / "out", executor)
    assert (counts["failed"], len(executor.calls)) == (1, QUICK.attempts)


def test_a_broken_file_is_not_tried_again(tmp_path: Path) -> None:
    write_nifti(tmp_path / "a" / "n.nii")

    def behave(item: Item, call: int) -> None:
        raise UnreadableInput("pixels can't be decoded")

    executor = FakeExecutor(behave)
    assert run(tmp_path / "a", tmp_path / "out", executor)["exit_status"] == 1
    resume(tmp_path / "out", connecting(executor), QUICK)
    assert len(executor.calls) == 1
    executor = FakeExecutor()
    assert resume(tmp_path / "out", connecting(executor), QUICK, again="failed")["exit_status"] == 0
    assert len(executor.calls) == 1


def test_an_outage_condemns_nothing(tmp_path: Path) -> None:
    for index in range(6):
        write_nifti(tmp_path / "a" / f"n{index}.nii", seed=index)
    executor: FakeExecutor

    def behave(item: Item, call: int) -> None:
        executor.away = True
        raise ServiceUnavailable("gone")

    executor = FakeExecutor(behave)
    counts = run(tmp_path / "a", tmp_path / "out", executor, settings=RunSettings(2, patience_s=0.1, backoff_s=0.01))
    assert (counts["pending"], counts["failed"], counts["running"], counts["exit_status"]) == (6, 0, 0, 1)
    assert "away" in counts["stopped"]
    assert "The run was stopped" in (tmp_path / "out" / "report.html").read_text()
    assert resume(tmp_path / "out", connecting(FakeExecutor()), QUICK)["done"] == 6


def test_cancelled_in_order(tmp_path: Path) -> None:
    for index in range(30):
        write_nifti(tmp_path / "a" / f"n{index:02d}.nii", seed=index)

    def behave(item: Item, call: int) -> None:
        (tmp_path / "out" / CANCEL).touch()
        time.sleep(0.05)

    counts = run(tmp_path / "a", tmp_path / "out", FakeExecutor(behave))
    assert counts["stopped"] == "cancelled"
    assert counts["running"] == counts["failed"] == 0
    assert 0 < counts["done"] < 30
    assert counts["done"] + counts["pending"] == 30
    assert resume(tmp_path / "out", connecting(FakeExecutor()), QUICK)["done"] == 30


def test_the_number_in_flight_is_bounded(tmp_path: Path) -> None:
    for index in range(20):
        write_nifti(tmp_path / "a" / f"n{index:02d}.nii", seed=index)
    executor = FakeExecutor(lambda item, call: time.sleep(0.02))
    run(tmp_path / "a", tmp_path / "out", executor)
    assert 2 <= executor.most_at_once <= QUICK.in_flight
