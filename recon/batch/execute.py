"""The one place where a batch meets the jobs that it shares with the command."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from recon.batch.alone import in_own_process
from recon.batch.items import Item
from recon.batch.states import State
from recon.client import Client, Tls
from recon.errors import (
    InternalError,
    ReconError,
    ServiceUnavailable,
    TooManyRequests,
    UnreadableInput,
    error_from_reason,
)
from recon.io.disk import is_full, write_error
from recon.jobs import Job, Problem, Skipped
from recon.jobs import perform as perform_job
from recon.tasks.base import Task
from recon.tasks.job import Found
from recon.tasks.registry import task_of


class WorkerLost(ServiceUnavailable):
    """The process that worked on an item died; whether the item killed it is not known."""


class NothingToDo(UnreadableInput):
    """The files are whole, and the task finds nothing among them that it is for."""


class Incomplete(InternalError):
    """The service ended without every slice; it may do better another time."""


class Executor(Protocol):
    """Does items; called on many threads."""

    def ready(self, wait_s: float) -> None:
        """Wait until items can be done; raises ``ServiceUnavailable`` when they can't be after ``wait_s``."""

    def run(self, item: Item, folder: Path) -> dict[str, Any]:
        """Write an item's results into a folder of its own and return the content of its report."""

    def close(self) -> None:
        """End what is under way."""


def perform(client: Client, item: Item, folder: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """Do one item with a service.

    Parameters
    ----------
    client
        Of the service.
    item
        What to do.
    folder
        Exists and is empty.
    options
        What the caller chose, by task.

    Raises
    ------
    UnreadableInput, NothingToDo
        When no file can be read, or none is for the task.
    DiskFull
        When no space is left.
    ReconError
        Whatever the job raises.
    """
    task = task_of(item.task)
    chosen = task.options(**dict(options.get(item.task, {})))
    found: list[Job] = []
    left_out: list[dict[str, str]] = []
    for entry in _jobs_of(task, item):
        if isinstance(entry, Skipped):
            left_out.append({"path": entry.path, "reason": entry.reason, "state": State.SKIPPED})
        elif isinstance(entry, Problem):
            left_out.append({"path": entry.path, "reason": entry.error.problem, "state": State.FAILED})
        else:
            found.append(entry)
    if not found:
        reasons = sorted({entry["reason"] for entry in left_out})
        kind = UnreadableInput if any(entry["state"] == State.FAILED for entry in left_out) else NothingToDo
        raise kind("; ".join(reasons) or "holds nothing that the task can use")
    try:
        if len(found) == 1:
            return _with_left_out(perform_job(client, found[0], folder, chosen), left_out)
        reports = []
        for job in found:  # one scan that the task splits, such as two passes: a folder each
            (folder / job.name).mkdir()
            reports.append(perform_job(client, job, folder / job.name, chosen))
        return _with_left_out(merged(reports), left_out)
    except OSError as error:
        if is_full(folder, error):
            raise write_error(folder, error) from error
        raise


def _jobs_of(task: Task, item: Item) -> Iterator[Found]:
    """The jobs of an item's files: one, or a few where the task splits a scan."""
    roles = {entry.name: item.files.get(entry.name, []) for entry in task.inputs}
    if len(task.inputs) == 1:  # a scan by itself has no role
        roles = {task.inputs[0].name: item.paths}
    return task.jobs_of_scan(item.name, roles)


def merged(reports: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One report on several parts of a scan: as bad as its worst part."""
    order = ["PASS", "REVIEW", "REJECT"]
    worst = max(reports, key=lambda report: order.index(report.get("verdict", "REJECT")))
    missing = [index for report in reports for index in report["slices"]["missing"]]
    return {
        **worst,
        "status": "incomplete" if missing else "complete",
        "slices": {"total": sum(report["slices"]["total"] for report in reports), "missing": missing},
        "checks": [check for report in reports for check in report["checks"]],
        "skipped": [entry for report in reports for entry in report.get("skipped", [])],
    }


class ServiceExecutor:
    """Items spread over services, each to the one with the fewest under way that answers.

    Parameters
    ----------
    servers
        HOST:PORT of each.
    options
        What the caller chose, by task.
    tls
        Files for encrypted connections.
    """

    def __init__(self, servers: Sequence[str], options: Mapping[str, Any], tls: Tls | None = None) -> None:
        self._clients = [Client(server, tls) for server in servers]
        self._busy = [0] * len(self._clients)
        self._away = [0.0] * len(self._clients)
        self._servers, self._tls, self._options = list(servers), tls, options
        self._mutex = threading.Lock()

    def ready(self, wait_s: float) -> None:
        """Wait until one of the services answers."""
        deadline, problem = time.monotonic() + wait_s, ""
        while True:
            for index, client in enumerate(self._clients):
                try:
                    client.wait_ready(min(max(wait_s / len(self._clients), 0.2), 5.0))
                except ReconError as error:
                    problem, self._away[index] = error.problem, time.monotonic() + 5
                else:
                    self._away[index] = 0.0
                    return
            if time.monotonic() >= deadline:
                raise ServiceUnavailable(problem or "no service was named")

    def run(self, item: Item, folder: Path) -> dict[str, Any]:
        """Do an item at the least busy service."""
        with self._mutex:
            now = time.monotonic()
            index = min(range(len(self._clients)), key=lambda i: (self._away[i] > now, self._busy[i]))
            self._busy[index] += 1
        try:
            if item.suspect:
                return in_own_process(
                    partial(_perform_at, self._servers[index], self._tls, item, folder, self._options)
                )
            return perform(self._clients[index], item, folder, self._options)
        except ServiceUnavailable:
            self._away[index] = time.monotonic() + 5  # the others first, for a while
            raise
        finally:
            with self._mutex:
                self._busy[index] -= 1

    def close(self) -> None:
        """Close the connections; what is under way on them ends with an error."""
        for client in self._clients:
            with suppress(Exception):
                client.close()


def _perform_at(server: str, tls: Tls | None, item: Item, folder: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """In a process of its own: an item, by a connection of its own."""
    with Client(server, tls) as client:
        return perform(client, item, folder, options)


def checked(report: dict[str, Any]) -> dict[str, Any]:
    """A report that says the item is done, every slice of it.

    Raises
    ------
    ServiceUnavailable, TooManyRequests
        When slices are missing because the service went away.
    Incomplete
        When slices are missing otherwise, or the report doesn't say.
    """
    slices = report.get("slices") or {}
    missing, total = list(slices.get("missing") or []), int(slices.get("total") or 0)
    if report.get("status") != "complete" or missing or total < 1:
        named = ", ".join(str(index + 1) for index in missing[:10]) + (" ..." if len(missing) > 10 else "")
        words = f"incomplete: {len(missing)} of {total} slices have no result" + (f" (slice {named})" if named else "")
        problem = report.get("problem")
        kind = error_from_reason(report.get("problem_reason") or "")
        if kind in (ServiceUnavailable, TooManyRequests):  # it went away in the middle: worth another try at once
            raise kind(f"{words}: {problem}")
        raise Incomplete(f"{words}: {problem}" if problem else words)
    return report


def _with_left_out(report: dict[str, Any], left_out: list[dict[str, str]]) -> dict[str, Any]:
    known = {str(entry.get("path")) for entry in report.get("skipped", [])}
    more = [entry for entry in left_out if entry["path"] not in known]
    return {**report, "skipped": [*report.get("skipped", []), *more]}
