"""From a checkpoint to what is served: export, calibration through the exported file, configuration.

Run as ``python -m recon.training.mr.ship [--checkpoint FILE] --data DIR``.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from recon.training.checkpoint import blended, load_average
from recon.training.mr.calibrate import calibrate, table_of
from recon.training.mr.export import configure, export_mr
from recon.training.mr.fit import served_weights
from recon.training.mr.recipe import MrRecipe
from recon.training.mr.served import load_unrolled
from recon.training.recipe import read


def ship(weights: Path | None, recipe: MrRecipe, roots: list[Path], folder: Path, card: Path) -> dict[str, Any]:
    """Export, calibrate and write ``config.pbtxt`` and ``calibration.json``.

    Parameters
    ----------
    weights
        Checkpoint; its averaged weights are exported. None calibrates the weights that are served again.
    recipe
        That they were trained with.
    roots
        Folders that hold the held-out volumes.
    folder
        The model's folder in the repository, where ``1/model.py`` is.
    card
        Folder of ``calibration.json``.
    """
    if weights is None:
        files = sorted((folder / "1").glob("cascade*.onnx"))
        interval = calibrate(load_unrolled(folder / "1", "onnxruntime"), recipe, roots)
    else:
        with tempfile.TemporaryDirectory() as scratch:
            trained = load_average(weights)
            if recipe.start and recipe.blend < 1:
                trained = blended(trained, served_weights(Path(recipe.start)), recipe.blend)
            exported = export_mr(trained, recipe, 1.0, Path(scratch) / folder.name)
            interval = calibrate(load_unrolled(exported.weights[0].parent, "onnxruntime"), recipe, roots)
            # the served files change together, and only once the interval is known
            files = [Path(shutil.copy(path, folder / "1")) for path in exported.weights]
    configure(files, interval["conformal_factor"], folder, table_of(interval).dump())
    (card / "calibration.json").write_text(json.dumps(interval, indent=1) + "\n")
    return interval


def main(
    data: Annotated[list[Path], typer.Option(help="Folder of held-out volumes; may be given more than once.")],
    checkpoint: Annotated[Path | None, typer.Option(help="By default the served weights, calibrated again.")] = None,
    repository: Annotated[Path, typer.Option(help="Repository to write to.")] = Path("triton_repo"),
    card: Annotated[Path, typer.Option(help="Folder of recipe and calibration.json.")] = Path("models/mr_unrolled"),
    recipe: Annotated[str, typer.Option(help="Of its last training; a file of that folder.")] = "whole_body.yaml",
) -> None:
    """Ship a checkpoint into the repository."""
    interval = ship(checkpoint, read(card / recipe, MrRecipe), data, repository / "mr_unrolled", card)
    print(json.dumps(interval, indent=1))


if __name__ == "__main__":
    typer.run(main)
