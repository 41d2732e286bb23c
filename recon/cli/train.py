"""``recon train``: train a model from its recipe; resumes where it was stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recon.errors import InvalidRequest


def train(
    model: Annotated[str, typer.Argument(help="Model to train: ct_denoise.")],
    data: Annotated[list[Path], typer.Option(help="Folder with the recipe's data; may be given more than once.")],
    work: Annotated[Path, typer.Option(help="Folder for cache and checkpoint; outside the repository.")],
    recipe: Annotated[Path | None, typer.Option(help="By default models/<model>/recipe.yaml.")] = None,
    pairs: Annotated[
        Path | None, typer.Option(help="Folder of .npz pairs (quarter_dose_hu, full_dose_hu) to validate on.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Wall-clock budget; by default the recipe's number of steps.")
    ] = None,
) -> None:
    """Train a model from scratch, or go on from the checkpoint in WORK."""
    from recon.training import fit_ct, validation
    from recon.training.recipe import CtRecipe, read

    if model != "ct_denoise":
        raise InvalidRequest(f"no model {model}; there is: ct_denoise")
    path = recipe or Path("models") / model / "recipe.yaml"
    if not path.exists():
        raise InvalidRequest(f"{path}: no such recipe; name one with --recipe")
    found = validation.read_pairs(pairs) if pairs else []
    try:
        checkpoint = fit_ct.fit(read(path, CtRecipe), data, work, minutes, found)
    except FileNotFoundError as error:
        raise InvalidRequest(str(error)) from error
    print(f"checkpoint: {checkpoint}")
