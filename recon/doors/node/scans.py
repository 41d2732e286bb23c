"""The one place where the node meets the tasks: a job's files as what the client can send."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from recon.errors import UnreadableInput
from recon.io.dicom import scan
from recon.jobs import Job, Options, Problem, Skipped, contrast
from recon.jobs.ct import CtDicomJob


def options_of(task: str, chosen: Mapping[str, Any]) -> Options:
    """The options of a rule."""
    return Options(**chosen)


def jobs_of(task: str, files: Mapping[str, Sequence[Path]]) -> list[Job]:
    """The jobs in files by their role: one, or a few where a series holds several scans.

    Raises
    ------
    UnreadableInput
        When there is none.
    """
    found: list[Job] = []
    left_out: list[str] = []
    for entry in _found(task, files):
        if isinstance(entry, Job):
            found.append(entry)
        else:
            left_out.append(entry.reason if isinstance(entry, Skipped) else entry.error.problem)
    if not found:
        raise UnreadableInput("; ".join(dict.fromkeys(left_out))[:500] or "holds nothing that the task can use")
    return found


def _found(task: str, files: Mapping[str, Sequence[Path]]) -> Iterator[Job | Skipped | Problem]:
    if task == "contrast":
        yield from contrast.find(files.get("pre", ()), files.get("low", ()))
        return
    sorted_out = scan(files.get("", ()))
    for left in sorted_out.skipped:
        yield Skipped(left.path, left.reason)
    for index in sorted_out.series:
        paths = list(dict.fromkeys(record.source.path for record in index.records))
        yield CtDicomJob("series", "series", paths, index)
