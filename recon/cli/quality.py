"""``recon quality``: how often checks alarm, and what readers' decisions say about their limits."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from recon.cli.options import AsJson, RunningService
from recon.cli.session import connect
from recon.errors import InvalidRequest, OutputFailed, UnreadableInput
from recon.io.disk import require_writable, written
from recon.quality.review_rate import Judged
from recon.tasks.registry import tasks

app = typer.Typer(no_args_is_help=True, help="How often checks alarm, and what readers say about their limits.")


@app.command()
def rate(
    honest: Annotated[
        list[Path] | None, typer.Argument(help="Scans with which nothing is wrong: files, folders.", metavar="SCAN…")
    ] = None,
    wrong: Annotated[list[Path] | None, typer.Option(help="Scans of which no image may pass; once for each.")] = None,
    simulated: Annotated[int, typer.Option(min=0, help="Scans of each task that are made here, beside those.")] = 0,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Also write the figures to this file.")] = None,
    server: RunningService = None,
    as_json: AsJson = False,
) -> None:
    """How often honest scans are sent to a person, by check; exit status 1 when fewer than nine of ten pass.

    Scans before and after a reduced dose are paired by their names (a_pre.nii.gz, a_low.nii.gz).
    """
    from recon.jobs.review import jobs_in, judge, judge_sample
    from recon.quality.review_rate import by_task, to_json

    if not (honest or wrong or simulated):
        raise InvalidRequest("nothing to judge: name scans, or --simulated 10")
    if output is not None:
        require_writable(output)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    scans = []
    with connect(server) as client:
        for paths, is_honest in ((honest or [], True), (wrong or [], False)):
            for job in jobs_in(paths):
                scans.append(judge(client, job, "", is_honest))
                console.print(_line(scans[-1]), markup=False)
        for task in tasks().values():
            for item in range(simulated):
                scans.append(judge_sample(client, task, item))
                console.print(_line(scans[-1]), markup=False)
    if not scans:
        raise UnreadableInput("no scan that a task takes; nothing was judged")
    found = json.dumps(to_json(scans), indent=2)
    if as_json:
        print(found)
    else:
        _show(scans)
    kept = output is None or _keep(found, output, console)
    if not kept or not all(task_rate.enough for task_rate in by_task(scans)):
        raise typer.Exit(1)


def _keep(found: str, output: Path, console: Console) -> bool:
    """Write the figures, which were shown before: whatever stands against it costs nobody the judging."""
    try:
        with written(output):
            output.write_text(found + "\n")
    except OutputFailed as error:
        console.print(f"recon: {error.problem}", markup=False)
        return False
    return True


def _line(scan: Judged) -> str:
    words = scan.problem or ", ".join(scan.alarms) or "all checks hold"
    return f"{scan.task or 'no task'}: {scan.name}: {scan.verdict.name if scan.verdict else 'refused'} ({words})"


def _show(scans: list[Judged]) -> None:
    from recon.quality.review_rate import WANTED, by_check, by_task

    console = Console()
    table = Table("task", "honest", "PASS", "REVIEW", "REJECT", "refused", "passed", "wrong", "wrong and PASS")
    for task in by_task(scans):
        counts = [str(task.verdicts[name]) for name in ("PASS", "REVIEW", "REJECT", "refused")]
        passed = f"{task.passed:.0%}" if task.honest else "–"
        table.add_row(task.task, str(task.honest), *counts, passed, str(task.wrong), str(task.missed))
    console.print(table)
    rates = by_check(scans)
    table = Table("check", "honest", "alarms", "alone", "wrong", "found")
    for one in rates:
        if one.alarms or one.found:
            counts = [str(n) for n in (one.honest, one.alarms, one.alone, one.wrong, one.found)]
            table.add_row(f"{one.task}: {one.check}", *counts)
    console.print(table)
    quiet = [f"{one.task}: {one.check}" for one in rates if not one.alarms and not one.found]
    print(f"neither an alarm nor a wrong scan: {', '.join(quiet) or 'none'}")
    if rates and rates[0].alarms:
        print(f"alarms most on honest scans: {rates[0].task}: {rates[0].check}, {rates[0].rate:.0%}")
    idle = [f"{one.task}: {one.check}" for one in rates if one.without_merit]
    print(f"alarms on honest scans and never found a wrong one: {', '.join(idle) or 'none'}")
    for task in by_task(scans):
        if not task.enough:
            print(f"{task.task}: {task.passed:.0%} of honest scans pass, {WANTED:.0%} are wanted")


@app.command()
def tune(
    results: Annotated[list[Path], typer.Argument(help="What `recon view` was given.", metavar="RESULT…")],
    decisions: Annotated[Path | None, typer.Option(help="The file of decisions, if it was named there.")] = None,
    as_json: AsJson = False,
) -> None:
    """Propose limits from decisions, with what they would change; nothing is set."""
    from recon.doors.view.sources import FolderSource
    from recon.reading.decisions import history
    from recon.reading.limits import propose

    source = FolderSource(results, decisions)
    reports = {(case.name, case.report_sha256): case.report for case in source.cases()}
    found = propose(reports, [decision for book in source.books() for decision in history(book)])
    if as_json:
        json.dump({"proposals": [line.__dict__ for line in found]}, sys.stdout, indent=2)
        print()
        return
    if not found:
        print("no decision stands about a result with checks, so nothing can be proposed")
        return
    table = Table("check", "now", "proposed", "accepted outside", "rejected outside", "why")
    for line in found:
        then = (f" → {line.alarms_then}", f" → {line.found_then}") if line.proposed is not None else ("", "")
        table.add_row(
            f"{line.task}: {line.check}, {line.side}",
            f"{line.now:.4g} {line.unit}",
            "–" if line.proposed is None else f"{line.proposed:.4g} {line.unit}",
            f"{line.alarms_now}{then[0]} of {line.accepted}",
            f"{line.found_now}{then[1]} of {line.rejected}",
            line.words,
        )
    Console().print(table)
    print("nothing was set; limits stand in the tasks' own files")
