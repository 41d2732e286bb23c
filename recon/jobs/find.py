"""The jobs of a task in files and folders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from recon.errors import InvalidRequest
from recon.jobs import ct, mr
from recon.jobs.job import Job, Options, Problem, Skipped


def find(inputs: Sequence[Path], options: Options) -> Iterator[Job | Skipped | Problem]:
    """What ``inputs`` hold for ``options.task``; one bad input never costs another.

    Raises
    ------
    InvalidRequest
        When there is no such task.
    """
    if options.task == "ct":
        return ct.find(inputs)
    if options.task == "mr":
        return mr.find(inputs)
    raise InvalidRequest(f"no task {options.task!r}; there are ct and mr", field="task")
