"""Rules ask of a task what it can do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from recon.doors.node.scans import chosen_options, jobs_of, problem_of, roles_of
from recon.errors import UnreadableInput


def test_roles_are_the_inputs_of_a_task_that_takes_several() -> None:
    assert roles_of("ct") == ()
    assert roles_of("contrast") == ("pre", "low")


@pytest.mark.parametrize(
    ("task", "role", "chosen", "words"),
    [
        ("ct", None, {}, ""),
        ("ct", None, {"strength": 0.5}, ""),
        ("contrast", "pre", {}, ""),
        ("pet", None, {}, "pet"),
        ("ct", "pre", {}, "has no roles"),
        ("contrast", None, {}, "needs a role: pre or low"),
        ("contrast", "post", {}, "needs a role"),
        ("ct", None, {"colour": "red"}, "no option colour"),
        ("ct", None, {"strength": 2.0}, "option strength"),
    ],
)
def test_why_a_rule_can_not_ask_that(task: str, role: str | None, chosen: dict[str, Any], words: str) -> None:
    found = problem_of(task, role, chosen)
    assert words in found
    assert bool(found) == bool(words)


def test_options_are_those_of_the_task() -> None:
    assert chosen_options("ct", {"strength": 0.5}).strength == 0.5  # type: ignore[attr-defined]


def test_a_job_is_made_of_its_files_and_rubbish_says_why(tmp_path: Path, make_slice: Callable[..., Path]) -> None:
    files = [make_slice(f"{index}.dcm", z=3.0 * index) for index in range(2)]
    (job,) = jobs_of("ct", {"": files})
    assert job.files == files
    nib.save(nib.Nifti1Image(np.zeros((2, 2, 2), np.int16), np.eye(4)), tmp_path / "a.nii")
    (tmp_path / "b.dcm").write_bytes(b"no DICOM at all")
    with pytest.raises(UnreadableInput):
        jobs_of("ct", {"": [tmp_path / "b.dcm"]})
