"""``recon evaluate contrast``: the network on full-dose pairs whose reduced-dose scan is simulated."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from recon.errors import InvalidRequest
from recon.io.output_folder import write_json


def contrast(
    pre: Annotated[list[Path], typer.Option(help="T1 scan before contrast, NIfTI; may be given more than once.")],
    full: Annotated[list[Path], typer.Option(help="Scan after a full dose of each, in the same order and voxels.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for evaluation.json and evaluation.png.")],
    noise: Annotated[list[float], typer.Option(help="Over the 99th percentile of the pre scan; may be repeated.")] = [  # noqa: B006
        0.01,
        0.02,
    ],
    dose_fraction: Annotated[float, typer.Option(min=0.05, max=0.5, help="Dose given over the full dose.")] = 0.1,
    matching: Annotated[
        list[str], typer.Option(help="How the scans are brought to one scale: equal, common, local; may be repeated.")
    ] = ["equal"],  # noqa: B006
    model: Annotated[Path, typer.Option(help="Folder of the model version.")] = Path("triton_repo/contrast_enhance/1"),
    recipe: Annotated[Path, typer.Option(help="Of the model.")] = Path("models/contrast_enhance/recipe.yaml"),
) -> None:
    """PSNR, SSIM, lesion volume, contrast recovery, false enhancement and coverage, beside classical methods."""
    from recon.training.contrast.anatomy import matching_of
    from recon.training.contrast.evaluate import evaluate

    if len(pre) != len(full):
        raise InvalidRequest(f"{len(pre)} --pre and {len(full)} --full; each scan needs its full-dose one")
    ways = [matching_of(way) for way in matching]
    report, draw = evaluate(pre, full, noise, dose_fraction, ways, model, recipe)
    output.mkdir(parents=True, exist_ok=True)
    write_json(output / "evaluation.json", report)
    draw(output / "evaluation.png")
    for way, found in report["matching"].items():
        _print(way, found)
    print(f"{output / 'evaluation.json'}\n{output / 'evaluation.png'}")


def _print(way: str, found: dict[str, dict[str, dict[str, float]]]) -> None:
    names = ("psnr_db", "ssim", "lesion_volume_ratio", "contrast_recovery", "false_enhancement")
    table = Table(title=f"scans matched: {way}")
    for heading in ("method", "PSNR, dB", "SSIM", "lesion volume", "recovery", "false enhancement"):
        table.add_column(heading)
    for method, figures in found["methods"].items():
        table.add_row(method, *(f"{figures[name]:.3f}" for name in names))
    Console().print(table)


COMMANDS = {"contrast": contrast}
