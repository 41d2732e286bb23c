"""Whoever is asked to look is told what to do: every check of every task names it."""

from __future__ import annotations

import ast
import functools
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import recon
from recon.backend.configuration import of_version, parameters_in
from recon.physics.encoding import SIDE
from recon.quality import verdict
from recon.tasks.base import ModelFacts, Session
from recon.tasks.registry import task_of, tasks

ROOT = Path(recon.__file__).parent
REPOSITORY = ROOT.parent / "triton_repo"
MAKERS = (verdict.measure, verdict.unmeasured)


def made_in(path: Path) -> Iterator[tuple[str, str, bool]]:
    """Of each check that a module makes: where, its name where the source says it, and whether it says what to do."""
    tree = ast.parse(path.read_text())
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    module: Any = None
    for call in ast.walk(tree):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
            continue
        if call.func.id not in ("measure", "unmeasured"):
            continue
        module = module or importlib.import_module(".".join(parts))
        if getattr(module, call.func.id, None) not in MAKERS:
            continue
        first = call.args[0]
        name = first.value if isinstance(first, ast.Constant) else getattr(module, getattr(first, "id", ""), "")
        said = [word.value for word in call.keywords if word.arg == "action"]
        empty = not said or (isinstance(said[0], ast.Constant) and not said[0].value)
        yield f"{path.relative_to(ROOT)}:{call.lineno}", str(name), not empty


@functools.cache
def all_made() -> list[tuple[str, str, bool]]:
    return [
        found
        for path in sorted(ROOT.rglob("*.py"))
        if path.name != "verdict.py" and ("measure(" in path.read_text() or "unmeasured(" in path.read_text())
        for found in made_in(path)
    ]


def served() -> Iterator[tuple[str, str]]:
    """Folder and name of each model, and of each method of those that have several."""
    for folder in sorted(path.parent for path in REPOSITORY.glob("*/config.pbtxt")):
        methods = of_version(parameters_in(folder), "1").get("methods", "")
        yield from ((folder.name, name) for name in (folder.name, *filter(None, methods.split(","))))


@functools.cache
def inputs_of(task: str) -> tuple[Any, ...]:
    return task_of(task).sample(0, 6).inputs


def session_of(folder: str, name: str) -> Session:
    """A series of a model's task."""
    parameters = of_version(parameters_in(REPOSITORY / folder), "1")
    task = task_of(parameters["task"])
    series = task.series(*inputs_of(task.name), name="s", model=folder, model_version="")
    header = next(iter(series.messages())).header
    if "encoding" in parameters:  # a learned transform takes nothing else
        _, header.coils, header.samples, header.lines, _ = map(int, parameters["warm_shape"].split(","))
        header.trajectory = 1 if parameters["domain_trajectories"] == "cartesian" else 2
        header.rows, header.columns = header.samples, max(header.samples, header.lines)
        if header.trajectory == 2:
            header.rows = header.columns = SIDE
    return task.open(header, ModelFacts(name, parameters=parameters))


@functools.cache
def texts_of_checks() -> str:
    return "".join(path.read_text() for path in sorted(ROOT.rglob("*checks*.py")))


def test_every_check_says_what_to_do() -> None:
    silent = [where for where, _, said in all_made() if not said]
    assert len(all_made()) > 50
    assert silent == []


@pytest.mark.parametrize(("folder", "name"), list(served()))
def test_every_declared_check_is_one_of_them(folder: str, name: str) -> None:
    # where a name is handed through a function (`_within`), the literal is at that function's call
    session = session_of(folder, name)
    known, text = {check for _, check, _ in all_made()}, texts_of_checks()
    declared = session.declared_checks
    missing = [check for check in declared if check not in known and not re.search(rf'"{check}",\s', text)]
    assert missing == []
    assert declared


def test_no_task_is_left_out() -> None:
    assert {parameters_in(REPOSITORY / folder)["task"] for folder, _ in served()} == set(tasks())
