"""``recon evaluate mr``: reconstructions beside the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def mr(
    truth: Annotated[Path, typer.Argument(help="HDF5 with known images: a simulated or fastMRI file.")],
    results: Annotated[list[Path], typer.Argument(help="Folders that `recon mr` wrote.", metavar="RESULT...")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for evaluation.json and evaluation.png.")],
) -> None:
    """Score reconstructions: a table on stdout, evaluation.json and evaluation.png in the folder."""
    from recon.training.mr.evaluate import (
        evaluate,
        read_reconstruction,
        read_truth,
        table,
        write_figure,
        write_json,
    )

    known = read_truth(truth)
    found = [read_reconstruction(folder) for folder in results]
    evaluated = evaluate(known, found)
    output.mkdir(parents=True, exist_ok=True)
    write_json(evaluated, output / "evaluation.json")
    write_figure(known, found, output / "evaluation.png")
    typer.echo(table(evaluated))


COMMANDS = {"mr": mr}
