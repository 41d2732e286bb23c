"""Working: a job's objects through the service into derived objects, and these on their way, in one commit."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import threading
import time
from datetime import datetime
from pathlib import Path

from recon.client import Client
from recon.doors.node.config import NodeConfig
from recon.doors.node.ledger import Ledger
from recon.doors.node.logs import log
from recon.doors.node.outcome import waiting_s
from recon.doors.node.releases import report_files
from recon.doors.node.results import products
from recon.doors.node.rules import Rule
from recon.doors.node.scans import chosen_options, jobs_of
from recon.doors.node.verdict import add_verdict
from recon.errors import (
    InternalError,
    ReconError,
    ServiceUnavailable,
    TooManyRequests,
    UnreadableInput,
    error_from_reason,
    one_line,
)
from recon.jobs import perform

_LOOK_EVERY_S = 0.1
_FIRST_S, _MOST_S = 2.0, 300.0
#: Ends of the whole process with a job under way, after which that job is taken for their cause.
_MOST_CRASHES = 5
_VERDICTS = ("PASS", "REVIEW", "REJECT")


class _NotWantedError(Exception):
    """Early work on a series to which more instances have come."""


class Worker:
    """Does one job after the other.

    Parameters
    ----------
    config
        Of the node.
    ledger
        Of the node.
    client
        Of the service.
    """

    def __init__(self, config: NodeConfig, ledger: Ledger, client: Client) -> None:
        self._config, self._ledger, self._client = config, ledger, client
        self._rules = {rule.name: rule for rule in config.rules}
        self._folder = config.folder / "results"
        self._folder.mkdir(exist_ok=True)

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop; a job under way is finished first."""
        self.recover()
        wait = 0.0
        while not stop.wait(wait):
            wait = 0.0 if self.step() else _LOOK_EVERY_S

    def recover(self) -> None:
        """What was under way when the node was killed is pending again; half results are thrown away."""
        with self._ledger.writing() as base:
            base.execute("UPDATE jobs SET state = 'pending', crashes = crashes + 1 WHERE state = 'running'")
            base.execute(
                "UPDATE jobs SET state = 'failed', finished = ?, reason = 'the worker ended each time it was at it' "
                "WHERE state = 'pending' AND crashes >= ?",
                (time.time(), _MOST_CRASHES),
            )
            kept = {
                str(row[0])
                for row in base.execute("SELECT number FROM jobs WHERE state IN ('done', 'rejected', 'ready')")
            }
        for path in self._folder.iterdir():
            if path.name not in kept:
                shutil.rmtree(path)

    def step(self) -> bool:
        """Publish or do the next job, if there is one; returns whether there was."""
        job = self._ready() or self._claim()
        if job is None:
            return False
        working, target = self._folder / f".{job['number']}", self._folder / str(job["number"])
        try:
            rule = self._rules.get(job["rule"])
            if rule is None:
                raise UnreadableInput(f"rule {job['rule']} is no longer in the configuration")
            if job["state"] != "ready":
                self._make(job, working, target)
            self._publish(job, rule, target)
        except _NotWantedError:
            shutil.rmtree(working, ignore_errors=True)
            shutil.rmtree(target, ignore_errors=True)
        except Exception as error:
            shutil.rmtree(working, ignore_errors=True)
            if isinstance(error, ReconError):
                self._failed(job, error)
            else:
                self._failed(job, InternalError(one_line(error)[:300]))
        return True

    def _make(self, job: sqlite3.Row, working: Path, target: Path) -> None:
        """Results, whole and on disk, and the ledger knows it."""
        log("working", job=job["number"], task=job["task"], rule=job["rule"])
        for old in (working, target):
            shutil.rmtree(old, ignore_errors=True)
        working.mkdir()
        self._perform(job, working)
        _sync(working)
        os.rename(working, target)
        _sync_folder(self._folder)
        with self._ledger.writing() as base:
            if not base.execute(
                "UPDATE jobs SET state = 'ready' WHERE number = ? AND state = 'running'", (job["number"],)
            ).rowcount:
                raise _NotWantedError

    def _ready(self) -> sqlite3.Row | None:
        """A job that was done early and whose series is whole now."""
        with self._ledger.looking() as base:
            row: sqlite3.Row | None = base.execute(
                "SELECT * FROM jobs WHERE state = 'ready' AND early = 0 ORDER BY priority, number LIMIT 1"
            ).fetchone()
        return row

    def _claim(self) -> sqlite3.Row | None:
        now = time.time()
        most = 2 if _in_hours(self._config.off_peak, datetime.now()) else 1
        with self._ledger.writing() as base:
            row: sqlite3.Row | None = base.execute(
                "UPDATE jobs SET state = 'running', started = ? WHERE number = (SELECT number FROM jobs "
                "WHERE state = 'pending' AND not_before <= ? AND priority <= ? "
                "ORDER BY early, priority, number LIMIT 1) RETURNING *",
                (now, now, most),
            ).fetchone()
        return row

    def _perform(self, job: sqlite3.Row, folder: Path) -> None:
        scans: dict[str, list[Path]] = {}
        with self._ledger.looking() as base:
            rows = base.execute(
                "SELECT inputs.role, instances.path FROM inputs JOIN instances USING (sop) WHERE job = ? ORDER BY sop",
                (job["number"],),
            ).fetchall()
        for row in rows:
            scans.setdefault(row["role"], []).append(Path(row["path"]))
        options = chosen_options(job["task"], json.loads(job["options"]))
        found = jobs_of(job["task"], scans)
        for index, one in enumerate(found):
            place = folder / f"{job['number']}-{index + 1}" if len(found) > 1 else folder
            place.mkdir(exist_ok=True)
            report = perform(self._client, one, place, options, lambda done, total: self._wanted(job))
            if report["status"] != "complete":
                kind = error_from_reason(report.get("problem_reason") or "")
                # only a service that went away is waited for; what its answer to these data is stays so
                kind = kind if kind in (ServiceUnavailable, TooManyRequests) else InternalError
                raise kind(f"slices are missing: {report['problem']}")
            add_verdict(place, report)

    def _wanted(self, job: sqlite3.Row) -> None:
        """After each slice: early work ends where another instance came."""
        if job["early"]:
            with self._ledger.looking() as base:
                state = base.execute("SELECT state FROM jobs WHERE number = ?", (job["number"],)).fetchone()["state"]
            if state == "superseded":
                raise _NotWantedError

    def _publish(self, job: sqlite3.Row, rule: Rule, target: Path) -> None:
        """Objects on their way, unless the series isn't known to be whole yet."""
        reports = [json.loads(path.read_text()) for path in report_files(target)]
        made = products(target, target)
        verdict = max((report["verdict"] for report in reports), key=_VERDICTS.index)
        checks = [check for report in reports for check in report["checks"] if check["outcome"] != "PASS"]
        to, held, now = rule.results_to(verdict), rule.held_for(verdict), time.time()
        with self._ledger.writing() as base:
            if base.execute("SELECT early FROM jobs WHERE number = ?", (job["number"],)).fetchone()["early"]:
                return
            for name in (*to, *held):
                plain, by_reader = self._config.destinations[name].plain_uncertainty, name in held
                base.executemany(
                    "INSERT OR IGNORE INTO deliveries (destination, study, series, sop, sop_class, syntax, path, job, "
                    "kind, priority, created, state, by_reader) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
                    [
                        (
                            name,
                            job["study"],
                            one.series,
                            one.sop,
                            one.sop_class,
                            one.syntax,
                            str(one.path),
                            job["number"],
                            one.kind,
                            job["priority"],
                            now,
                            "held" if by_reader else "pending",
                            by_reader,
                        )
                        for one in made
                        if plain or not one.only_if_plain
                    ],
                )
            if verdict != "REJECT":
                base.executemany(
                    "INSERT INTO objects VALUES (?,?,?,?,?,?,?,?,?)",
                    [
                        (
                            one.sop,
                            job["number"],
                            number,
                            job["study"],
                            one.series,
                            one.kind,
                            one.sop_class,
                            one.syntax,
                            str(one.path),
                        )
                        for number, one in enumerate(made)
                    ],
                )
            said = "; ".join(f"{check['name']}: {check['message']}" for check in checks)
            base.execute(
                "UPDATE jobs SET state = ?, verdict = ?, checks = ?, finished = ?, reason = ? WHERE number = ?",
                (
                    "rejected" if verdict == "REJECT" else "done",
                    verdict,
                    json.dumps(checks),
                    now,
                    said[:1000],
                    job["number"],
                ),
            )
            waits = f"; held for {', '.join(held)} until a reader accepts it" if held else ""
            self._ledger.say(f"job {job['number']}", f"{verdict}, to {', '.join(to) or 'nobody'}{waits}")
        log("worked", job=job["number"], verdict=verdict, seconds=round(now - job["started"], 3), instances=len(made))

    def _failed(self, job: sqlite3.Row, error: ReconError) -> None:
        """Tried again where that can help: for ever while the service is away, else a few times."""
        away = isinstance(error, ServiceUnavailable | TooManyRequests)
        attempts = job["attempts"] + 1
        again = not isinstance(error, UnreadableInput) and (away or attempts < self._config.limits.attempts)
        wait = waiting_s(attempts, _FIRST_S, _MOST_S)
        ended = None if again else time.time()
        with self._ledger.writing() as base:
            # what fails early may succeed with the whole series; what is not wanted any more stays so
            base.execute(
                "UPDATE jobs SET state = CASE WHEN ?1 THEN 'pending' WHEN early THEN 'superseded' ELSE 'failed' END, "
                "attempts = ?2, reason = ?3, not_before = ?4, finished = ?5 "
                "WHERE number = ?6 AND state IN ('running', 'ready')",
                (again, attempts, error.problem[:1000], time.time() + wait, ended, job["number"]),
            )
        # what an error says may name files and attributes of the patient's: it stays in the ledger
        log("failed", job=job["number"], why=type(error).__name__, state="pending" if again else "failed")


def _in_hours(hours: str, now: datetime) -> bool:
    begin, _, end = hours.partition("-")
    here = f"{now:%H:%M}"
    return begin <= here < end if begin <= end else here >= begin or here < end


def _sync(folder: Path) -> None:
    """Everything in a folder is on disk."""
    for parent, _, names in os.walk(folder):
        for name in names:
            descriptor = os.open(Path(parent) / name, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        _sync_folder(Path(parent))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
