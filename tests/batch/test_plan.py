"""Files become items: rules first, copies left out, halves paired, each task with its reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from recon.batch.items import InputFile
from recon.batch.ledger import BatchLedger
from recon.batch.plan import TaskRule, plan
from tests.batch.archives import write_nifti


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[BatchLedger]:
    (tmp_path / "out").mkdir()
    made = BatchLedger(tmp_path / "out")
    yield made
    made.close()


def volume(path: Path, content: str, pair: str = "", role: str = "") -> InputFile:
    """A volume that is no CT: it has no air."""
    write_nifti(path, seed=sum(content.encode()), air=40.0)
    facts = {"half_of": "contrast"} if role else {}
    return InputFile(
        path, len(content), 1, "VOLUME", str(path), content, path.stem, facts, "2026-01-02", pair=pair, role=role
    )


def series(path: Path, group: str = "dicom|one") -> InputFile:
    path.write_text(path.name)
    return InputFile(path, 1, 1, "CT", group, path.name, "chest", {"detail": "CT"}, "2026-01-02")


def items(ledger: BatchLedger) -> list[tuple[str, str, str, str]]:
    with ledger.looking() as base:
        return [tuple(row) for row in base.execute("SELECT name, task, state, why FROM items ORDER BY number")]


def left(ledger: BatchLedger) -> dict[str, tuple[str, str]]:
    with ledger.looking() as base:
        rows = base.execute("SELECT path, state, reason FROM inputs WHERE item IS NULL").fetchall()
    return {Path(path).name: (state, reason) for path, state, reason in rows}


def test_a_series_is_one_item_however_often_it_is_planned(ledger: BatchLedger, tmp_path: Path) -> None:
    ledger.put_inputs([series(tmp_path / name) for name in ("1.dcm", "2.dcm")], 1)
    plan(ledger)
    plan(ledger)
    ((name, task, state, why),) = items(ledger)
    assert (name, task, state) == ("chest", "ct", "pending")
    assert why
    item = ledger.claim()
    assert item is not None
    assert [path.name for path in item.paths] == ["1.dcm", "2.dcm"]


def test_a_rule_comes_before_everything_else(ledger: BatchLedger, tmp_path: Path) -> None:
    ledger.put_inputs([series(tmp_path / "1.dcm", "dicom|a"), series(tmp_path / "2.dcm", "dicom|b")], 1)
    plan(ledger, [TaskRule("*/1.dcm", "skip"), TaskRule("*.dcm", "mr")])
    assert [(task, why) for _, task, _, why in items(ledger)] == [("mr", "rule 2 of the specification (*.dcm)")]
    assert left(ledger) == {"1.dcm": ("skipped", "rule 1 of the specification (*/1.dcm)")}


def test_copies_are_left_out_and_the_shorter_name_stays(ledger: BatchLedger, tmp_path: Path) -> None:
    files = [volume(tmp_path / name, "same") for name in ("scan (1).nii", "scan.nii")]
    files.append(volume(tmp_path / "other.nii", "differs"))
    ledger.put_inputs(files, 1)
    plan(ledger, [TaskRule("*.nii", "ct")])
    assert sorted(name for name, *_ in items(ledger)) == ["other", "scan"]
    assert left(ledger) == {"scan (1).nii": ("skipped", f"duplicate of {tmp_path / 'scan.nii'}")}


def test_two_halves_are_one_item(ledger: BatchLedger, tmp_path: Path) -> None:
    ledger.put_inputs([volume(tmp_path / f"{role}.nii", role, "study", role) for role in ("low", "pre")], 1)
    plan(ledger)
    ((_, task, _, why),) = items(ledger)
    assert task == "contrast"
    assert why.endswith("by their names")
    item = ledger.claim()
    assert item is not None
    assert {role: [path.stem for path in paths] for role, paths in item.files.items()} == {
        "pre": ["pre"],
        "low": ["low"],
    }


def test_an_ambiguous_half_is_left_out_and_named_whatever_the_order(ledger: BatchLedger, tmp_path: Path) -> None:
    names = {"a_low": "low", "b_pre": "pre", "c_pre": "pre"}
    ledger.put_inputs([volume(tmp_path / f"{name}.nii", name, "study", role) for name, role in names.items()], 1)
    plan(ledger)
    assert items(ledger) == []
    for state, reason in left(ledger).values():
        assert state == "skipped"
        assert "2 'pre' (b_pre, c_pre)" in reason
        assert "leave out by a rule" in reason


def test_a_done_item_whose_input_changed_fails_with_what_to_do(ledger: BatchLedger, tmp_path: Path) -> None:
    ledger.put_inputs([series(tmp_path / "1.dcm")], 1)
    plan(ledger)
    with ledger.writing() as base:
        base.execute("UPDATE items SET state = 'done'")
    ledger.put_inputs([series(tmp_path / "1.dcm")], 2)  # what was known of it is replaced
    plan(ledger)
    with ledger.looking() as base:
        row = base.execute("SELECT state, retryable, reason FROM items").fetchone()
    assert (row["state"], row["retryable"]) == ("failed", 1)
    assert "retry --failed" in row["reason"]


def test_items_that_lost_all_their_files_are_forgotten_and_results_are_not(ledger: BatchLedger, tmp_path: Path) -> None:
    ledger.put_inputs([series(tmp_path / "1.dcm", "dicom|a"), series(tmp_path / "2.dcm", "dicom|b")], 1)
    plan(ledger)
    with ledger.writing() as base:
        base.execute("UPDATE items SET state = 'done' WHERE key = 'dicom|a'")
        base.execute("DELETE FROM inputs")
    plan(ledger)
    assert [state for _, _, state, _ in items(ledger)] == ["done"]


def test_names_of_others_are_not_taken(ledger: BatchLedger, tmp_path: Path) -> None:
    (ledger.folder / "Chest").mkdir()
    ledger.put_inputs([series(tmp_path / "1.dcm")], 1)
    plan(ledger)
    ((name, *_),) = items(ledger)
    assert name.startswith("chest_")
    assert json.dumps(name).isascii()
