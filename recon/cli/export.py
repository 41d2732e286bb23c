"""``recon export``: write what Triton serves, and calibrate its interval."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from recon.errors import InvalidRequest


def export(
    model: Annotated[str, typer.Argument(help="Model to export; a folder of models/.")],
    data: Annotated[list[Path], typer.Option(help="Folder with the recipe's data; may be given more than once.")],
    work: Annotated[Path, typer.Option(help="Folder of the training run.")],
    recipe: Annotated[Path | None, typer.Option(help="By default models/<model>/recipe.yaml.")] = None,
    version: Annotated[int, typer.Option(min=1, help="Version to write; others stay.")] = 1,
    repository: Annotated[Path, typer.Option(help="Model repository to write to.")] = Path("triton_repo"),
    models: Annotated[Path, typer.Option(help="Folder for calibration.json.")] = Path("models"),
) -> None:
    """Write a version of a model, calibrated on the scans that its recipe holds out."""
    from recon.quality.conformal import TooFewSamples
    from recon.training.trainer import trainer_of

    trainer, settings = trainer_of(recipe or models / model / "recipe.yaml")
    try:
        shipped = trainer.ship(settings, data, work, repository / model, str(version))
    except (FileNotFoundError, TooFewSamples) as error:
        raise InvalidRequest(str(error)) from error
    content = json.dumps({**shipped.calibration, "version": version, "sha256": shipped.sha256}, indent=2)
    (models / model).mkdir(parents=True, exist_ok=True)
    (models / model / "calibration.json").write_text(content + "\n")
    print(f"{shipped.folder} version {version} sha256 {shipped.sha256}\n{content}")
