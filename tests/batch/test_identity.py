"""A folder of results holds images of one set of options and one model, and says so when it would not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from recon.batch.archive import Hooks
from recon.batch.items import Item
from recon.batch.states import State
from recon.batch.status import status
from recon.batch.storage import MANIFEST, Storage
from recon.batch.verify import verify
from recon.errors import DiskFull, InvalidRequest
from tests.batch.archives import FakeExecutor, report_of, run, write_nifti


def test_other_options_do_not_join_results_that_are_there(tmp_path: Path) -> None:
    a, out = tmp_path / "a", tmp_path / "out"
    write_nifti(a / "one.nii", 1)
    assert run(a, out)["done"] == 1
    write_nifti(a / "two.nii", 2)
    with pytest.raises(InvalidRequest, match=r"strength 1.0 there, 0.3 now.*another -o"):
        run(a, out, tasks={"ct": {"strength": 0.3}})
    assert run(a, out, tasks={"ct": {"strength": 1.0, "timeout_s": 60.0}})["done"] == 2  # the same, said aloud


def test_a_result_of_other_options_is_not_adopted(tmp_path: Path) -> None:
    """Killed between rename and commit, then begun again with another strength."""
    a, out = tmp_path / "a", tmp_path / "out"
    write_nifti(a / "one.nii", 1)
    out.mkdir()
    item = Item(1, "k", "one", "ct", "", {"": [a / "one.nii"]}, 1, "ab" * 32)
    before, after = Storage(out), Storage(out)
    before.options, after.options = {"ct": {"strength": 1.0}}, {"ct": {"strength": 0.3}}
    attempt = before.begin(item)
    (attempt / "report.json").write_text("{}")
    before.publish(item, attempt, report_of(item))
    assert before.adopt(item) is not None
    assert after.adopt(item) is None
    assert (out / "one" / MANIFEST).exists()


@pytest.mark.parametrize("changed", [{"sha256": "cd" * 32}, {"name": "another", "sha256": "cd" * 32}])
def test_another_model_stops_the_run(changed: dict[str, str], tmp_path: Path) -> None:
    a, out = tmp_path / "a", tmp_path / "out"
    write_nifti(a / "one.nii", 1)
    run(a, out)
    write_nifti(a / "two.nii", 2)

    def other(item: Item, call: int) -> dict[str, Any]:
        report = report_of(item)
        return {**report, "model": {**report["model"], **changed}}

    counts = run(a, out, FakeExecutor(other))
    assert (counts["done"], counts["pending"], counts["failed"]) == (1, 1, 0)
    assert "were made by another ct_model:1" in counts["stopped"]
    assert run(a, out)["done"] == 2  # the one that was there serves again


def test_where_the_scan_decides_several_models_may_work(tmp_path: Path) -> None:
    a = tmp_path / "a"
    for index in range(2):
        write_nifti(a / f"{index}.nii", index)

    def by_scan(item: Item, call: int) -> dict[str, Any]:
        report = report_of(item)
        model = {"name": f"m{item.number}", "version": "1", "sha256": f"{item.number}" * 64}
        return {**report, "model": model, "parameters": {"model_reason": "it fits"}}

    assert run(a, tmp_path / "out", FakeExecutor(by_scan))["done"] == 2


def test_a_full_disk_is_known_by_its_class(tmp_path: Path) -> None:
    for index in range(3):
        write_nifti(tmp_path / "a" / f"{index}.nii", index)

    def full(item: Item, call: int) -> dict[str, Any]:
        raise DiskFull("kein Platz mehr")

    counts = run(tmp_path / "a", tmp_path / "out", FakeExecutor(full))
    assert (counts["pending"], counts["failed"], counts["stopped"]) == (3, 0, "kein Platz mehr")


@pytest.mark.parametrize("harm", ["link", "folder", "linked folder", "file"])
def test_verify_sees_what_was_put_in_place(harm: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_nifti(tmp_path / "a" / "one.nii", 1)
    run(tmp_path / "a", out)
    (name,) = (path.name for path in out.iterdir() if path.is_dir() and not path.name.startswith("."))
    folder = out / name
    if harm == "link":
        os.rename(folder / "report.json", tmp_path / "elsewhere.json")
        (folder / "report.json").symlink_to(tmp_path / "elsewhere.json")
    elif harm == "folder":
        (folder / "empty").mkdir()
    elif harm == "linked folder":
        (folder / "more").symlink_to(tmp_path)
    else:
        (folder / "image" / "extra.dcm").write_bytes(b"x")
    found = verify(out)
    assert list(found.wrong) == [name]
    assert len(found.wrong[name]) == 1


def test_what_a_killed_run_had_under_way_is_made_last_and_alone(tmp_path: Path) -> None:
    a, out = tmp_path / "a", tmp_path / "out"
    for index in range(3):
        write_nifti(a / f"{index}.nii", index)

    def end(runner: Any) -> None:
        first = runner.ledger.claim()  # as a run that is killed while it works on the first
        names.append(first.name)
        runner.ledger.reclaim()

    names: list[str] = []
    executor = FakeExecutor()
    run(a, out, executor, hooks=Hooks(started=end))
    assert executor.calls[-1] == names[0]
    assert all(entry["state"] == State.DONE for entry in status(out)["inputs"].values())
