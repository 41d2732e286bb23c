"""Blind readings at the desk: readers go on where they were, with the very results that the study was begun with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from recon.doors.view import blind
from recon.doors.view.desk import Desk, UnknownCase
from recon.doors.view.sources import FolderSource
from recon.reading import study
from recon.reading.study import StudyItem
from tests.doors.view.samples import ct_dicom


@pytest.fixture
def results(tmp_path: Path) -> Path:
    for name in ("one", "two", "three"):
        ct_dicom(tmp_path / "results", name, slices=3)
    return tmp_path / "results"


@pytest.fixture
def desk(results: Path) -> Desk:
    desk = Desk(FolderSource([results]))
    blind.begin(desk, {"name": "first", "question": "which?", "design": "choice", "items": 3})
    return desk


def _answer(desk: Desk, reader: str, trial: int) -> dict[str, Any]:
    return blind.answer(desk, 1, {"reader": reader, "trial": trial, "answer": 0})


def _result_of(desk: Desk, reader: str, trial: int) -> str:
    (one,) = study.studies(desk.source.books()[0])
    return one.items[one.trials(reader)[trial].item].result


def _made_again(folder: Path) -> None:
    report = json.loads((folder / "report.json").read_text())
    (folder / "report.json").write_text(json.dumps({**report, "timings_ms": {"total": 1.0}}))


def test_a_reader_goes_on_however_the_name_is_spaced(desk: Desk) -> None:
    assert _answer(desk, "Ada  B", 0)["trial"] == 1
    assert blind.question(desk, 1, "Ada  B")["trial"] == 1
    assert blind.question(desk, 1, " Ada B ")["trial"] == 1


@pytest.mark.parametrize("change", [_made_again, shutil.rmtree], ids=["made again", "gone"])
def test_what_is_gone_or_was_made_again_is_asked_no_more_and_counted(results: Path, desk: Desk, change: Any) -> None:
    _answer(desk, "Ada", 0)
    change(results / _result_of(desk, "Ada", 1))
    asked = blind.question(desk, 1, "Ada")
    assert (asked["trial"], asked["gone"]) == (2, 1)
    with pytest.raises(UnknownCase, match="question 2 is gone or was made again"):
        blind.image(desk, 1, 1, 0, "Ada")
    assert _answer(desk, "Ada", 1)["trial"] == 2  # shown before, answered after: of which of the two nobody knows
    assert _answer(desk, "Ada", 2)["trial"] is None
    (said,) = blind.listed(desk)["studies"]
    assert said["gone"] == 1
    assert said["results"][0]["answered"] == 2


def test_a_study_of_before_reports_were_kept_is_read_on(desk: Desk) -> None:
    items = [StudyItem(case.key, case.name, 1) for case in desk.cases()]
    book = desk.source.books()[0]
    study.begin(book, "old", study.Design.CHOICE, "which?", items, 7)
    with book.writing() as base:
        base.execute("UPDATE studies SET items = ?", (json.dumps([[i.key, i.result, i.index] for i in items]),))
    _made_again(desk.cases()[0].folder)
    assert blind.question(desk, 2, "Ada")["gone"] == 0
