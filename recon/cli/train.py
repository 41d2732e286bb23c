"""``recon train``: train a model from its recipe; resumes where it was stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recon.errors import InvalidRequest


def train(
    model: Annotated[str, typer.Argument(help="Model to train; a folder of models/.")],
    data: Annotated[list[Path], typer.Option(help="Folder with the recipe's data; may be given more than once.")],
    work: Annotated[Path, typer.Option(help="Folder for cache and checkpoint; outside the repository.")],
    recipe: Annotated[Path | None, typer.Option(help="By default models/<model>/recipe.yaml.")] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Wall-clock budget; by default the recipe's number of steps.")
    ] = None,
) -> None:
    """Train a model from scratch, or go on from the checkpoint in WORK."""
    from recon.training.trainer import trainer_of

    trainer, settings = trainer_of(recipe or Path("models") / model / "recipe.yaml")
    try:
        checkpoint = trainer.fit(settings, data, work, minutes)
    except FileNotFoundError as error:
        raise InvalidRequest(str(error)) from error
    print(f"checkpoint: {checkpoint}")
