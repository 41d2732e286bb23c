"""What a caller names gives its scans; what is left out is said, and what may be lost is a problem."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from recon.io.formats import Content, OpenedSlices, OpenedVolume
from recon.tasks.job import Problem, Skipped
from recon.tasks.scans import scans_in, scans_of

WANTED = (Content.CT, Content.VOLUME)


@pytest.fixture
def folder(make_slice: Callable[..., Path]) -> Path:
    """A series, a volume, a packed slice and a note."""
    first = make_slice("a.dcm")
    make_slice("b.dcm", z=3.0)
    found = first.parent
    nib.Nifti1Image(np.zeros((4, 4, 6), np.int16), np.eye(4)).to_filename(found / "v.nii")
    (found / "c.dcm.gz").write_bytes(gzip.compress(first.read_bytes()))
    (found / "note.txt").write_text("words")
    return found


def test_scans_of_a_folder_and_what_was_left_out(folder: Path) -> None:
    found = list(scans_in(folder, WANTED))
    assert sum(isinstance(one, OpenedSlices) for one in found) == 1
    assert sum(isinstance(one, OpenedVolume) for one in found) == 1
    (problem,) = (one for one in found if isinstance(one, Problem))
    assert Path(problem.path).name == "c.dcm.gz"
    assert "unpack" in problem.error.problem
    assert problem.error.problem.startswith(problem.path)
    (skipped,) = (one for one in found if isinstance(one, Skipped))
    assert Path(skipped.path).name == "note.txt"


def test_strangers_are_not_worth_a_line_where_nobody_asks(folder: Path) -> None:
    assert not any(isinstance(one, Skipped) for one in scans_in(folder, WANTED, strangers=False))
    assert any(isinstance(one, Problem) for one in scans_in(folder, WANTED, strangers=False))


def test_what_is_named_itself_is_never_passed_over(folder: Path) -> None:
    (problem,) = scans_in(folder / "note.txt", WANTED, strangers=False)
    assert isinstance(problem, Problem)


def test_what_is_not_there_is_a_problem(tmp_path: Path) -> None:
    (problem,) = scans_in(tmp_path / "absent", WANTED)
    assert isinstance(problem, Problem)
    assert "absent" in problem.error.problem


def test_a_list_of_files_gives_nothing_beside_them(folder: Path) -> None:
    (volume,) = scans_of([folder / "v.nii"], WANTED)
    assert isinstance(volume, OpenedVolume)
    (skipped,) = scans_of([folder / "v.nii"], (Content.KSPACE,))
    assert isinstance(skipped, Skipped)
    (lost,) = scans_of([folder / "c.dcm.gz"], WANTED)
    assert isinstance(lost, Problem)
