"""Entry point: options common to all commands, and errors as one line."""

from __future__ import annotations

import os
import sys
import warnings

import typer
from rich.console import Console

from recon import __version__
from recon.cli import bench, ct, demo, evaluate, export, models, mr, serve, simulate, train
from recon.errors import MissingExtra, ReconError, outcome_of

app = typer.Typer(
    name="recon",
    help="Rebuild medical images and recover full-dose quality, with a verdict on every image. "
    "For research use; not a medical device.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (serve.serve, mr.mr, ct.ct, models.models, demo.demo):
    app.command()(command)
app.add_typer(simulate.app, name="simulate")
app.add_typer(evaluate.app, name="evaluate")
app.add_typer(bench.app, name="bench")
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
    if debug:
        os.environ["RECON_DEBUG"] = "1"


def main() -> None:
    """Run the command; exit status 0 done, 1 something failed or was rejected, 2 unusable input."""
    debug = "--debug" in sys.argv
    warnings.filterwarnings("ignore", module="pydicom")  # what matters about a file is said by name
    try:
        app(standalone_mode=True)
    except ReconError as error:
        if debug:
            raise
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"recon: {error.problem}", markup=False)
        sys.exit(outcome_of(error).exit_code)
    except ModuleNotFoundError as error:
        if debug or (error.name or "").startswith("recon"):
            raise
        missing = MissingExtra(f"{error.name} is not installed; install recon[serve] or recon[train]")
        print(f"recon: {missing.problem}", file=sys.stderr)
        sys.exit(outcome_of(missing).exit_code)
