"""``recon export``: calibrate the interval and write what Triton serves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recon.errors import InvalidRequest


def export(
    model: Annotated[str, typer.Argument(help="Model to export: ct_denoise.")],
    data: Annotated[list[Path], typer.Option(help="Folder with the recipe's data; may be given more than once.")],
    work: Annotated[Path, typer.Option(help="Folder of the training run.")],
    recipe: Annotated[Path | None, typer.Option(help="By default models/<model>/recipe.yaml.")] = None,
    repository: Annotated[Path, typer.Option(help="Model repository to write to.")] = Path("triton_repo"),
    models: Annotated[Path, typer.Option(help="Folder for calibration.json.")] = Path("models"),
) -> None:
    """Calibrate on held-out scans, then write model.onnx, config.pbtxt and calibration.json."""
    import json

    from recon.training import checkpoint
    from recon.training.calibrate_ct import calibrate
    from recon.training.export import export_ct
    from recon.training.recipe import CtRecipe, read

    if model != "ct_denoise":
        raise InvalidRequest(f"no model {model}; there is: ct_denoise")
    settings = read(recipe or models / model / "recipe.yaml", CtRecipe)
    average = checkpoint.load_average(work / "checkpoint.safetensors")
    result = calibrate(average, settings, data, work)
    exported = export_ct(average, settings, result["conformal_factor"], repository / model)
    target = models / model / "calibration.json"
    target.write_text(json.dumps({**result, "sha256": exported.sha256}, indent=2) + "\n")
    print(f"{exported.weights} sha256 {exported.sha256}\n{json.dumps(result, indent=2)}")
