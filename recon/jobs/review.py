"""Scans through a service for their verdicts alone: which are sent to a person, and why."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from recon.client import Calls
from recon.errors import ReconError
from recon.jobs.perform import perform
from recon.quality.review_rate import Judged
from recon.quality.verdict import Verdict
from recon.tasks.base import Task
from recon.tasks.job import Job, Problem
from recon.tasks.registry import task_of, tasks

#: Of a sample, where the task takes so few.
_SLICES = 3


def jobs_in(paths: Iterable[Path]) -> list[Job | Problem]:
    """The jobs of all tasks in files and folders, and what is damaged.

    Inputs of a task that takes several are paired by their names, and are no scans of their own.
    """
    given, found = list(paths), list[Job | Problem]()
    for task in tasks().values():
        if len(task.inputs) > 1:
            for pair in _together(task, given):
                halves = {one for files in pair.values() for one in files}
                given = [rest for path in given for rest in _without(path, halves)]
                found += _found(task, pair)
    for task in tasks().values():
        if len(task.inputs) == 1 and given:
            found += _found(task, {task.inputs[0].name: given})
    jobs = [one for one in found if isinstance(one, Job)]
    # a file that is named by itself is a problem to each task that does not take it
    taken = {str(path) for job in jobs for path in job.files}
    problems = {one.path: one for one in found if isinstance(one, Problem) and one.path not in taken}
    return [*jobs, *problems.values()]


def _found(task: Task, given: Mapping[str, Sequence[Path]]) -> Iterator[Job | Problem]:
    return (found for found in task.find(given) if isinstance(found, Job | Problem))


def _together(task: Task, paths: Iterable[Path]) -> list[dict[str, list[Path]]]:
    """Inputs whose names differ in their role alone, such as ``a_pre.nii.gz`` and ``a_low.nii.gz``."""
    parts: dict[tuple[Path, str], dict[str, list[Path]]] = {}
    for path in sorted(entry for given in paths for entry in ([given] if given.is_file() else [*given.rglob("*")])):
        role, rest = task.half_of(path.name.split(".")[0], "")
        if role:
            parts.setdefault((path.parent, rest), {}).setdefault(role, []).append(path)
    return [found for found in parts.values() if all(len(found.get(entry.name, [])) == 1 for entry in task.inputs)]


def _without(path: Path, taken: set[Path]) -> list[Path]:
    """What is left of a file or a folder; a folder of which nothing was taken stays whole."""
    if path in taken:
        return []
    if any(path in one.parents for one in taken):
        return [rest for entry in sorted(path.iterdir()) for rest in _without(entry, taken)]
    return [path]


def judge(client: Calls, job: Job | Problem, task: str, honest: bool) -> Judged:
    """The verdict of a job; its images are not kept."""
    if isinstance(job, Problem):
        return Judged(job.path, task, honest, None, problem=job.error.problem)
    try:
        with tempfile.TemporaryDirectory() as folder:
            report = perform(client, job, Path(folder), task_of(job.task).options())
    except ReconError as error:
        return Judged(job.source, job.task, honest, None, problem=error.problem)
    outcomes = {check["name"]: Verdict[check["outcome"]] for check in report["checks"]}
    return Judged(job.source, job.task, honest, Verdict[report["verdict"]], outcomes)


def judge_sample(client: Calls, task: Task, item: int, timeout_s: float = 300.0) -> Judged:
    """The verdict of a scan that the task makes itself, inside the domain of its models."""
    name = f"simulated {item + 1}"
    sample = task.sample(item, _SLICES if task.slice_by_slice else 24)
    options: Mapping[str, Any] = sample.options
    series = task.series(*sample.inputs, name="", model="", model_version="", **options)
    try:
        run = client.send(task.name, series, timeout_s)
        for _ in run:
            pass
    except ReconError as error:
        return Judged(name, task.name, True, None, problem=error.problem)
    return Judged(name, task.name, True, run.verdict, {check.name: check.outcome for check in run.checks})
