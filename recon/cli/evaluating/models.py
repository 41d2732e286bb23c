"""``recon evaluate mr-unrolled`` and ``automap``: the shipped MR networks over masks, encodings and noise levels."""

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


def automap(
    data: Data,
    only: Annotated[list[str] | None, typer.Option(help="Encodings, or dautomap; all by default.")] = None,
    models: Annotated[Path, typer.Option(help="Folder with the recipes, for the results.")] = Path("models"),
    repository: Repository = Path("triton_repo"),
) -> None:
    """Four encodings beside conventional reconstructions, instabilities, lesions: evaluation.json and figures."""
    from recon.training.automap.evaluate import main

    main(data, models, repository, only)


COMMANDS = {"mr-unrolled": mr_unrolled, "automap": automap}
