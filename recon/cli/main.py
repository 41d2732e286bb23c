"""Entry point: options common to all commands, and errors as one line."""

from __future__ import annotations

import json
import sys
import warnings

import typer
from rich.console import Console

from recon import __version__
from recon.cli import (
    batch,
    bench,
    compare,
    demo,
    doors,
    evaluating,
    export,
    models,
    quality,
    serve,
    simulating,
    train,
)
from recon.cli.extras import missing
from recon.cli.group import add_found, group_of
from recon.cli.task import command_of
from recon.errors import InternalError, ReconError, one_line, outcome_of
from recon.tasks.registry import tasks

app = typer.Typer(
    name="recon",
    help="Rebuild medical images and recover full-dose quality, with a verdict on every image. "
    "For research use; not a medical device.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(serve.serve)
for task in tasks().values():
    app.command(task.name)(command_of(task))
app.command()(models.models)
app.command()(demo.demo)
app.command()(compare.compare)
app.add_typer(group_of(simulating, "recon.simulate", "Make reduced-dose and raw data from images."), name="simulate")
app.add_typer(group_of(evaluating, "recon.evaluate", "Measure a model beside the classical methods."), name="evaluate")
app.add_typer(batch.app, name="batch")
app.add_typer(bench.app, name="bench")
add_found(app, doors, "recon.doors")
app.add_typer(quality.app, name="quality")
app.command()(train.train)
app.command()(export.export)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def _common(
    debug: bool = typer.Option(False, "--debug", help="Show tracebacks."),
    version: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True, help="Show the version."),
) -> None:
    # main() looks for --debug itself, before anything can go wrong
    return


def main() -> None:
    """Run the command; exit status 0 done, 1 something failed or was rejected, 2 unusable input."""
    debug = "--debug" in sys.argv
    warnings.filterwarnings("ignore", module="pydicom")  # what matters about a file is said by name
    try:
        app(standalone_mode=True)
    except SystemExit as end:
        words = getattr(end.__context__, "format_message", None)  # a wrong use; the usage is on stderr
        if words is not None:
            _as_json(words())
        raise
    except ReconError as error:
        if debug:
            raise
        _fail(error)
    except ModuleNotFoundError as error:
        if debug or (error.name or "").partition(".")[0] == "recon":
            raise
        _fail(missing(error.name or str(error), next(iter(sys.argv[1:]), "")))
    except Exception as error:  # a defect: still one line, and --debug shows where
        if debug:
            raise
        _fail(InternalError(f"{' '.join(sys.argv[1:4])}: {one_line(error)}; run again with --debug"))


def _fail(error: ReconError) -> None:
    """One line, valid JSON where that was asked for, and the exit status of the error."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"recon: {error.problem}", markup=False)
    _as_json(error.problem)
    sys.exit(outcome_of(error).exit_code)


def _as_json(problem: str) -> None:
    if "--json" in sys.argv:
        print(json.dumps({"results": [], "skipped": [], "problem": problem}, indent=2))
