"""The one place where a batch meets the jobs that it shares with the command."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from recon import jobs
from recon.batch.items import Item
from recon.client import Client, Tls
from recon.errors import InternalError, ReconError, ServiceUnavailable, UnreadableInput


class WorkerLost(ServiceUnavailable):
    """The process that worked on an item died; whether the item killed it is not known."""


class NothingToDo(UnreadableInput):
    """The files are whole, and the task finds nothing among them that it is for."""


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
    ReconError
        Whatever the job raises.
    """
    chosen = jobs.Options(task=item.task, **dict(options.get(item.task, {})))
    ordered = [path for role in ("", "pre", "low") for path in item.files.get(role, [])]
    found: list[Any] = []
    left_out: list[dict[str, str]] = []
    unreadable = False
    for entry in jobs.find(ordered, chosen):
        if isinstance(entry, jobs.Skipped | jobs.Problem):
            reason = entry.reason if isinstance(entry, jobs.Skipped) else str(entry.error)
            unreadable |= isinstance(entry, jobs.Problem)
            left_out.append({"path": str(entry.path), "reason": reason})
        else:
            found.append(entry)
    if not found:
        reasons = sorted({entry["reason"] for entry in left_out})
        kind = UnreadableInput if unreadable else NothingToDo
        raise kind("; ".join(reasons) or "holds nothing that the task can use")
    if len(found) == 1:
        return _with_left_out(jobs.perform(client, found[0], folder, chosen), left_out)
    reports = []
    for job in found:  # one scan that the task splits, such as two passes: a folder each
        (folder / job.name).mkdir()
        reports.append(jobs.perform(client, job, folder / job.name, chosen))
    return _with_left_out(merged(reports), left_out)


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
        self._options = options
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


def checked(report: dict[str, Any]) -> dict[str, Any]:
    """A report that says the item is done, every slice of it.

    Raises
    ------
    InternalError
        When slices are missing or the report doesn't say.
    """
    slices = report.get("slices") or {}
    missing, total = list(slices.get("missing") or []), int(slices.get("total") or 0)
    if report.get("status") != "complete" or missing or total < 1:
        named = ", ".join(str(index + 1) for index in missing[:10]) + (" ..." if len(missing) > 10 else "")
        raise InternalError(
            f"incomplete: {len(missing)} of {total} slices have no result" + (f" (slice {named})" if named else "")
        )
    return report


def _with_left_out(report: dict[str, Any], left_out: list[dict[str, str]]) -> dict[str, Any]:
    known = {str(entry.get("path")) for entry in report.get("skipped", [])}
    more = [entry for entry in left_out if entry["path"] not in known]
    return {**report, "skipped": [*report.get("skipped", []), *more]}
