"""``recon evaluate mr-unrolled``, ``mr-measured`` and ``automap``: the shipped MR networks over masks and encodings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[list[Path], typer.Option(help="Folder with what the recipe holds out; may be given more than once.")]
Repository = Annotated[Path, typer.Option(help="Model repository.")]


def mr_unrolled(
    data: Data,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder with calibration.json, for the results.")],
    slices: Annotated[int, typer.Option(min=1, help="Slices of each mask.")] = 3,
    repository: Repository = Path("triton_repo"),
    recipe: Annotated[Path, typer.Option(help="Of the model.")] = Path("models/mr_unrolled/recipe.yaml"),
) -> None:
    """Accelerations and mask kinds, beside zero-filled, SENSE and L1-wavelet: evaluation.json and evaluation.png."""
    from recon.training.mr.evaluate_unrolled import main

    main(data, repository, recipe, slices, output)


def mr_measured(
    scans: Annotated[list[str], typer.Argument(help="k-space without gaps, FILE or FILE:SLICE,SLICE; fastMRI layout.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the results.")],
    repository: Repository = Path("triton_repo"),
    repeated: Annotated[bool, typer.Option(help="A file's slices are one slice, measured several times.")] = False,
) -> None:
    """Scans of one's own, measured whole and sampled again, beside SENSE and L1-wavelet: measured.json."""
    from recon.backend.configuration import parameters_in
    from recon.quality.conformal_table import ConformalTable
    from recon.training.mr.evaluate_measured import run
    from recon.training.mr.evaluate_unrolled import served_methods

    table = parameters_in(repository / "mr_unrolled").get("conformal_table.1", "")
    run(scans, served_methods(repository), ConformalTable.parse(table) if table else None, output, print, repeated)


def automap(
    data: Data,
    only: Annotated[list[str] | None, typer.Option(help="Encodings, or dautomap; all by default.")] = None,
    models: Annotated[Path, typer.Option(help="Folder with the recipes, for the results.")] = Path("models"),
    repository: Repository = Path("triton_repo"),
) -> None:
    """Four encodings beside conventional reconstructions, instabilities, lesions: evaluation.json and figures."""
    from recon.training.automap.evaluate import main

    main(data, models, repository, only)


COMMANDS = {"mr-unrolled": mr_unrolled, "mr-measured": mr_measured, "automap": automap}
