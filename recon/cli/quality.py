"""``recon quality``: what readers' decisions say about the limits of checks."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from recon.cli.options import AsJson

app = typer.Typer(no_args_is_help=True, help="What readers' decisions say about the limits of checks.")


@app.callback()
def _quality() -> None:
    """A group, so that further commands find their place."""


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
    reports = {case.name: (case.report_sha256, case.report) for case in source.cases()}
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
            f"{line.task}: {line.check}, {line.side}", f"{line.now:.4g} {line.unit}",
            "–" if line.proposed is None else f"{line.proposed:.4g} {line.unit}",
            f"{line.alarms_now}{then[0]} of {line.accepted}", f"{line.found_now}{then[1]} of {line.rejected}",
            line.words,
        )  # fmt: skip
    Console().print(table)
    print("nothing was set; limits stand in the tasks' own files")
