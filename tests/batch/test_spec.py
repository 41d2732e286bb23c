"""A specification says what is wrong with it, by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from recon.batch.spec import spec_of
from recon.errors import InvalidRequest


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        ({"ct": {"dose_fraction": 0.2}}, "ct has no option 'dose_fraction'; known are .*strength"),
        ({"mr": {"strength": 0.5}}, "mr has no option 'strength'; known are .*dicom"),
        ({"ct": {"strength": 7}}, "strength of ct is 7; it must lie between 0.0 and 1.0"),
        ({"mr": {"dicom": "yes"}}, "dicom of mr is 'yes'; it must be like False"),
        ({"pet": {}}, "tasks has 'pet'; known are contrast, ct, mr"),
    ],
)
def test_options_of_another_task_are_refused(tasks: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=said):
        spec_of({"inputs": ["a"], "tasks": tasks}, "run.yaml", tmp_path)


def test_options_of_the_task_itself_are_taken(tmp_path: Path) -> None:
    tasks = {"ct": {"strength": 1}, "contrast": {"dose_fraction": 0.2, "timeout_s": 60}}
    assert spec_of({"inputs": ["a"], "tasks": tasks}, "run.yaml", tmp_path).tasks == tasks


@pytest.mark.parametrize("task", ["contrast", "pet"])
def test_a_rule_names_a_task_of_one_scan(task: str, tmp_path: Path) -> None:
    rules = [{"match": "*", "task": task}]
    with pytest.raises(InvalidRequest, match=r"'task' .ct, mr or skip."):
        spec_of({"inputs": ["a"], "rules": rules}, "run.yaml", tmp_path)
