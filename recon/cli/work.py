"""What ``recon mr``, ``recon ct`` and ``recon contrast`` do alike: jobs in, lines, reports and an exit status out."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Console

from recon.cli.progress import ProgressDisplay
from recon.cli.session import connect
from recon.client import Client, Tls
from recon.errors import InternalError, ReconError, one_line, outcome_of
from recon.io.output_folder import output_folder, result_path
from recon.jobs import Job, Options, Problem, Skipped, perform

_FILES_A_LINE = 1000
#: Checks that the terminal explains; they come in the order in which to look at them.
_EXPLAINED = 4
_DONE, _SOME_FAILED, _NOTHING = 0, 1, 2


def work(
    found: Iterable[Job | Skipped | Problem],
    output: Path,
    options: Options,
    *,
    server: str | None,
    tls: Tls | None,
    as_json: bool,
    nothing: str,
) -> int:
    """Run every job that is found; returns the exit status.

    Parameters
    ----------
    found
        Jobs, and what is none.
    output
        Parent of the result folders.
    options
        For all jobs.
    server, tls
        The service; None starts one.
    as_json
        Whether to write the reports to stdout as one JSON object.
    nothing
        What to say when there is nothing to do.
    """
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    jobs: list[Job] = []
    skipped: list[dict[str, str]] = []
    results: list[dict[str, Any]] = []
    problems: list[ReconError] = []
    with ProgressDisplay(console) as display:
        display.begin("looking")
        for item in found:
            if isinstance(item, Job):
                jobs.append(item)
            elif isinstance(item, Problem):
                problems.append(item.error)
                results.append(_failed(item.path, item.error))
                display.say(f"recon: {item.error.problem}")
            else:
                skipped.append({"path": item.path, "reason": item.reason})
                display.say(f"skipped {item.path}: {item.reason}")
        try:
            if jobs:
                with connect(server, tls, tasks={job.task for job in jobs}) as client:
                    results += _run(client, jobs, output, options, display, problems)
            elif not problems:
                display.say(f"recon: {nothing}")
        except ReconError as error:  # no service: none of the jobs was tried
            problems.append(error)
            results += [_failed(job.source, error) for job in jobs]
            display.say(f"recon: {error.problem}")
    if as_json:
        json.dump({"results": results, "skipped": skipped}, sys.stdout, indent=2)
        print()
    return _status(results, problems)


def looked_at(files: int) -> None:
    """A line now and then while a large folder is sorted out."""
    if files % _FILES_A_LINE == 0:
        print(f"{files} files looked at", file=sys.stderr, flush=True)


def _run(
    client: Client,
    jobs: list[Job],
    output: Path,
    options: Options,
    display: ProgressDisplay,
    problems: list[ReconError],
) -> list[dict[str, Any]]:
    results = []
    for job in jobs:
        display.begin(job.name)
        try:
            target = result_path(output, job.name)
            if target.name != job.name:
                display.say(f"{job.name}: {output / job.name} is no result of recon and stays as it is")
            with output_folder(target) as folder:
                report = perform(client, job, folder, options, display.advance)
        except ReconError as error:
            problems.append(error)
            results.append(_failed(job.source, error))
            display.say(f"recon: {job.name}: {error.problem}")
        except Exception as error:  # a defect of ours must not cost the other jobs
            wrapped = InternalError(f"{job.source}: {one_line(error)}; run again with --debug")
            if "--debug" in sys.argv:
                raise
            problems.append(wrapped)
            results.append(_failed(job.source, wrapped))
            display.say(f"recon: {job.name}: {wrapped.problem}")
        else:
            results.append({**report, "output": str(target)})
            for line in _lines(job, report, target):
                display.say(line)
    return results


def _lines(job: Job, report: dict[str, Any], target: Path) -> list[str]:
    lines = [f"skipped {item['path']}: {item['reason']}" for item in report["skipped"]]
    missing, total = report["slices"]["missing"], report["slices"]["total"]
    if missing:
        lines.append(
            f"recon: {job.name}: {total - len(missing)} of {total} slices are kept in {target}, "
            f"{_ranges(missing)} missing: {report['problem']}"
        )
    failed = [check for check in report["checks"] if check["outcome"] != "PASS"]
    words = "; ".join(_said(check) for check in failed) or "all checks hold"
    lines.append(f"{job.name}: {report['verdict']} ({words}) -> {target}")
    if chosen := report["parameters"].get("strength_chosen"):
        lines.append(f"  strength {report['parameters']['strength']:g}: {chosen['reason']}")
    if report["probes"]:
        lines.append(f"  {report['probes'][0]['words']}")
    # what the numbers mean, and what to do
    lines += [f"  {check['name']}: {check['message']}" for check in failed[:_EXPLAINED]]
    if more := failed[_EXPLAINED:]:
        lines.append(f"  and {len(more)} more checks, in {target / 'report.json'}")
    return lines


def _said(check: dict[str, Any]) -> str:
    if check["value"] is None:
        return f"{check['name']} not measured"
    return f"{check['name']} = {check['value']:.3g} {check['unit']}".strip()


def _ranges(missing: list[int]) -> str:
    if missing == list(range(missing[0], missing[-1] + 1)):
        return f"slices {missing[0] + 1} to {missing[-1] + 1} are" if len(missing) > 1 else f"slice {missing[0] + 1} is"
    return "slices " + ", ".join(str(index + 1) for index in missing) + " are"


def _failed(source: str, error: ReconError) -> dict[str, Any]:
    return {"input": source, "status": "failed", "problem": error.problem}


def _status(results: list[dict[str, Any]], problems: list[ReconError]) -> int:
    """0 all done; 1 some failed, incomplete, damaged or rejected; 2 nothing could be done."""
    done = [result for result in results if result["status"] != "failed"]
    if not done:
        return max((outcome_of(error).exit_code for error in problems), default=_NOTHING)
    bad = any(r["status"] != "complete" or r["verdict"] == "REJECT" or r["input_damaged"] for r in done)
    return _SOME_FAILED if bad or problems else _DONE
