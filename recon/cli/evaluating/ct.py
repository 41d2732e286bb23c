"""``recon evaluate ct``: the service on pairs of scans, beside the classical methods."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from recon.cli.session import connect
from recon.errors import InvalidRequest
from recon.io.output_folder import write_json
from recon.tasks.ct.inputs import only_volume
from recon.volumes import Volume

if TYPE_CHECKING:
    from recon.client import Client
    from recon.training.ct.lesion_grid import Disc, MeasuredDisc
    from recon.values.result import ImageSlice


def ct(
    low: Annotated[list[Path], typer.Option(help="Low-dose CT: DICOM or NIfTI; may be given more than once.")],
    full: Annotated[list[Path], typer.Option(help="The full-dose CT of each, in the same order.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for evaluation.json and evaluation.png.")],
    server: Annotated[str | None, typer.Option(help="Use the service at HOST:PORT instead of starting one.")] = None,
    classical: Annotated[bool, typer.Option(help="Also run total variation, BM3D and a bilateral filter.")] = True,
    model: Annotated[str, typer.Option(help="By default the service chooses.")] = "",
    lesions: Annotated[bool, typer.Option(help="Also add small discs, and see what is left of them.")] = True,
) -> None:
    """RMSE, PSNR, SSIM, noise spectrum, edge sharpness, HU bias, coverage, and the contrast of small lesions kept."""
    from recon.training.ct import lesion_grid
    from recon.training.ct.classical import METHODS
    from recon.training.ct.evaluate import EvaluatedSlice, draw, evaluate

    if len(low) != len(full):
        raise InvalidRequest(f"{len(low)} --low and {len(full)} --full; each low-dose scan needs its full-dose one")
    results: list[EvaluatedSlice] = []
    found: list[lesion_grid.MeasuredDisc] = []
    with connect(server) as client:
        for low_path, full_path in zip(low, full, strict=True):
            before, after = only_volume(low_path), only_volume(full_path)
            if before.shape != after.shape:
                raise InvalidRequest(f"{low_path} has shape {before.shape}, {full_path} has {after.shape}")
            plain = list(client.denoise_ct(before, model=model, probes="off"))
            for result in plain:
                index = result.index
                results.append(
                    EvaluatedSlice(before.values[index], after.values[index], result.image, result.uncertainty)
                )
            for disc in lesion_grid.DISCS if lesions else ():
                found += _keeps(client, model, before, after, plain, disc)
    report, pictures = evaluate(results, tuple(METHODS) if classical else ())
    if lesions:
        report["lesions"] = lesion_grid.summary(found)
    report["inputs"] = {"low": [path.name for path in low], "full": [path.name for path in full]}
    output.mkdir(parents=True, exist_ok=True)
    write_json(output / "evaluation.json", report)
    title = f"{len(results)} slices; window -160..240 HU; classical methods at their best parameter"
    draw(report, pictures[len(pictures) // 2], title, output / "evaluation.png")
    _print(report)
    print(f"{output / 'evaluation.json'}\n{output / 'evaluation.png'}")


def _keeps(
    client: Client, model: str, before: Volume, after: Volume, plain: list[ImageSlice], disc: Disc
) -> Iterator[MeasuredDisc]:
    """Denoise a scan (slice, y, x) once more with a grid of discs in it, and compare slice by slice."""
    from recon.training.ct import lesion_grid

    spacing = before.geometry.spacing[0]
    where = [lesion_grid.places(plane) for plane in after.values]
    shape = (before.shape[1], before.shape[2])
    grids = [lesion_grid.grid_of(disc, found, shape, spacing) for found in where]
    probed = replace(before, values=before.values + np.stack(grids))
    for result in client.denoise_ct(probed, model=model, probes="off"):
        index = result.index
        yield lesion_grid.measure(
            disc,
            where[index],
            grids[index],
            without=plain[index].image,
            within=result.image,
            full=after.values[index],
            uncertainty=result.uncertainty,
            spacing_mm=spacing,
        )


def _print(report: dict[str, Any]) -> None:
    methods = report["methods"]
    columns = {
        "rmse_hu": "RMSE HU",
        "rmse_ratio": "ratio",
        "psnr_db": "PSNR dB",
        "ssim": "SSIM",
        "ssim_gain": "gain",
        "mtf50_ratio": "MTF50",
        "bias_fat_hu": "fat HU",
        "bias_soft_tissue_hu": "soft HU",
        "interval_coverage": "coverage",
        "interval_half_width_hu": "width HU",
        "seconds": "s/slice",
    }
    table = Table("method", *columns.values(), title="mean over slices")
    for name, figures in methods.items():
        table.add_row(name, *(f"{figures[key]:.3f}" if key in figures else "" for key in columns))
    console = Console(width=140)
    console.print(table)
    if not report.get("lesions"):
        return
    kept = Table("lesion added", "contrast kept", "10th percentile", "coverage inside", "places")
    for name, figures in report["lesions"].items():
        shares = (figures["kept_median"], figures["kept_p10"], figures["interval_coverage"])
        kept.add_row(name, *(f"{share:.2f}" for share in shares), str(figures["places"]))
    console.print(kept)


COMMANDS = {"ct": ct}
