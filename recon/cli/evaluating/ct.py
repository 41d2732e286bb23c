"""``recon evaluate ct``: the service on pairs of scans, beside the classical methods."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from recon.cli.session import connect
from recon.errors import InvalidRequest
from recon.io.output_folder import write_json
from recon.tasks.ct.inputs import only_volume


def ct(
    low: Annotated[list[Path], typer.Option(help="Low-dose CT: DICOM or NIfTI; may be given more than once.")],
    full: Annotated[list[Path], typer.Option(help="The full-dose CT of each, in the same order.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for evaluation.json and evaluation.png.")],
    server: Annotated[str | None, typer.Option(help="Use the service at HOST:PORT instead of starting one.")] = None,
    classical: Annotated[bool, typer.Option(help="Also run total variation, BM3D and a bilateral filter.")] = True,
) -> None:
    """RMSE, PSNR, SSIM, noise spectrum, edge sharpness, HU bias and interval coverage."""
    from recon.training.ct.classical import METHODS
    from recon.training.ct.evaluate import Result, draw, evaluate

    if len(low) != len(full):
        raise InvalidRequest(f"{len(low)} --low and {len(full)} --full; each low-dose scan needs its full-dose one")
    results = []
    with connect(server) as client:
        for low_path, full_path in zip(low, full, strict=True):
            before, after = only_volume(low_path), only_volume(full_path)
            if before.shape != after.shape:
                raise InvalidRequest(f"{low_path} has shape {before.shape}, {full_path} has {after.shape}")
            for result in client.denoise_ct(before):
                index = result.index
                results.append(Result(before.values[index], after.values[index], result.image, result.uncertainty))
    report, pictures = evaluate(results, tuple(METHODS) if classical else ())
    report["inputs"] = {"low": [path.name for path in low], "full": [path.name for path in full]}
    output.mkdir(parents=True, exist_ok=True)
    write_json(output / "evaluation.json", report)
    title = f"{len(results)} slices; window -160..240 HU; classical methods at their best parameter"
    draw(report, pictures[len(pictures) // 2], title, output / "evaluation.png")
    _print(report)
    print(f"{output / 'evaluation.json'}\n{output / 'evaluation.png'}")


def _print(report: dict[str, object]) -> None:
    methods = report["methods"]
    assert isinstance(methods, dict)
    columns = {
        "rmse_hu": "RMSE HU", "rmse_ratio": "ratio", "psnr_db": "PSNR dB", "ssim": "SSIM", "ssim_gain": "gain",
        "mtf50_ratio": "MTF50", "bias_fat_hu": "fat HU", "bias_soft_tissue_hu": "soft HU",
        "interval_coverage": "coverage", "interval_half_width_hu": "width HU", "seconds": "s/slice",
    }  # fmt: skip
    table = Table("method", *columns.values(), title="mean over slices")
    for name, figures in methods.items():
        table.add_row(name, *(f"{figures[key]:.3f}" if key in figures else "" for key in columns))
    Console(width=140).print(table)


COMMANDS = {"ct": ct}
