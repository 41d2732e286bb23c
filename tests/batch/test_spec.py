"""A specification says what is wrong with it, by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from recon.batch.spec import read_spec, spec_of
from recon.errors import InvalidRequest, UnreadableInput


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        ({"ct": {"dose_fraction": 0.2}}, "ct has no option 'dose_fraction'; known are .*strength"),
        ({"mr": {"strength": 0.5}}, "mr has no option 'strength'; known are .*dicom"),
        ({"contrast": {"strength": -1}}, "strength of contrast is -1; it must lie between 0.0 and 1.0"),
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
    chosen = {
        "ct": {"strength": "auto", "lesion_mm": 4.0, "lesion_kept": 0.8},
        "contrast": {"strength": "auto", "lesion_percent": 20.0, "lesion_kept": 0.8},
    }
    assert spec_of({"inputs": ["a"], "tasks": chosen}, "run.yaml", tmp_path).tasks == chosen


@pytest.mark.parametrize("task", ["contrast", "pet"])
def test_a_rule_names_a_task_of_one_scan(task: str, tmp_path: Path) -> None:
    rules = [{"match": "*", "task": task}]
    with pytest.raises(InvalidRequest, match=r"'task' .ct, mr or skip."):
        spec_of({"inputs": ["a"], "rules": rules}, "run.yaml", tmp_path)


def test_a_specification(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(
        "inputs: archive\nservers: [a:1, b:2]\nin_flight: 4\ntasks: {ct: {strength: 0.5}}\n"
        "rules:\n  - {match: '*/x/*', task: skip}\n"
    )
    spec = read_spec(path)
    assert spec.inputs == [str(tmp_path / "archive")]
    assert (spec.servers, spec.in_flight, spec.tasks["ct"]) == (["a:1", "b:2"], 4, {"strength": 0.5})
    assert spec_of(spec.to_json(), "ledger", tmp_path) == spec


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("inputs: [a]\nsevers: [x]", "unknown field 'severs'"),
        ("servers: [x]", "'inputs' names no folder"),
        ("inputs: [a]\nin_flight: many", "in_flight is 'many'"),
        ("- a", "must be a mapping"),
        ("inputs: [a]\ntasks: {pet: {}}", "tasks has 'pet'"),
        ("inputs: [a]\nrules: [{match: x}]", "a rule has"),
        ("inputs: [1]", "inputs must be a list of texts"),
        ("inputs: [a]\nin_flight: 0", "in_flight is 0"),
    ],
)
def test_a_wrong_specification_is_said(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(text)
    with pytest.raises(InvalidRequest, match=words) as caught:
        read_spec(path)
    assert caught.value.problem.startswith(str(path))


def test_no_yaml_is_said(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text("inputs: [a\nb: {")
    with pytest.raises(UnreadableInput, match="no YAML, line"):
        read_spec(path)
