"""The one place where the node meets the tasks: their inputs as roles, their options, and jobs from files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from recon.errors import InvalidRequest, UnreadableInput
from recon.jobs import Job, Options, Skipped
from recon.tasks.options import options_of
from recon.tasks.registry import task_of


def roles_of(task: str) -> tuple[str, ...]:
    """The inputs of a task that takes several scans; empty for one that takes one."""
    names = tuple(one.name for one in task_of(task).inputs)
    return names if len(names) > 1 else ()


def problem_of(task: str, role: str | None, chosen: Mapping[str, Any]) -> str:
    """Why a rule can't ask that of a task; empty when it can."""
    try:
        kind = task_of(task).options
    except InvalidRequest as error:
        return error.problem
    roles = roles_of(task)
    if roles and role not in roles:
        return f"task {task} needs a role: {' or '.join(roles)}"
    if not roles and role is not None:
        return f"task {task} takes one scan and has no roles"
    known = {option.name: option for option in options_of(kind)}
    for name, value in chosen.items():
        if name not in known:
            return f"task {task} has no option {name} (known: {', '.join(known)})"
        problem = known[name].problem(value)
        if problem:
            return f"option {name}: {problem}"
    return ""


def chosen_options(task: str, chosen: Mapping[str, Any]) -> Options:
    """The options of a rule as its task takes them."""
    return task_of(task).options(**chosen)


def jobs_of(task: str, files: Mapping[str, Sequence[Path]]) -> list[Job]:
    """The jobs in files by their role: one, or a few where a series holds several scans.

    Raises
    ------
    UnreadableInput
        When there is none.
    """
    found: list[Job] = []
    left_out: list[str] = []
    kind = task_of(task)
    given = files if roles_of(task) else {kind.inputs[0].name: files[""]}
    for entry in kind.jobs_of_scan("series", given):
        if isinstance(entry, Job):
            found.append(entry)
        else:
            left_out.append(entry.reason if isinstance(entry, Skipped) else entry.error.problem)
    if not found:
        raise UnreadableInput("; ".join(dict.fromkeys(left_out))[:500] or "holds nothing that the task can use")
    return found
