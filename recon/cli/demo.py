"""``recon demo``: real scans that ship inside PyPI packages, made noisy, denoised, on one page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import pydicom
import typer
from PIL import Image
from pydicom.data import get_testdata_file
from rich.console import Console

from recon.cli.ct import ct

#: CT slices in pydicom's wheel: a thorax at 512x512 and a small one.
FILES = ("J2K_pixelrep_mismatch.dcm", "CT_small.dcm")


def demo(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the results.")] = Path("demo-output"),
    server: Annotated[str | None, typer.Option(help="Use the service at HOST:PORT instead of starting one.")] = None,
) -> None:
    """Denoise real CT images from installed packages and show where the results are."""
    console = Console(highlight=False, soft_wrap=True)
    inputs = []
    for name in FILES:
        found = get_testdata_file(name, download=False)
        if not found:
            console.print(f"{name} does not ship with this pydicom; left out")
            continue
        dataset = pydicom.dcmread(str(found), stop_before_pixels=True)
        console.print(
            f"input {name}: {dataset.Rows}x{dataset.Columns} {dataset.get('Manufacturer', '')} "
            f"{dataset.get('BodyPartExamined', '')} {dataset.get('ConvolutionKernel', '')}"
        )
        inputs.append(Path(str(found)))
    previews = []
    try:
        ct(inputs, output, server=server)
    except typer.Exit as done:
        if done.exit_code:
            raise
    for path in inputs:
        folder = output / path.stem
        report = json.loads((folder / "report.json").read_text())
        noise = next((c["value"] for c in report["checks"] if c["name"] == "noise_level"), None)
        console.print(f"{path.stem}: {report['verdict']}, input noise {noise} HU")
        previews.append(np.asarray(Image.open(folder / "preview.png")))
    width = max(picture.shape[1] for picture in previews)
    padded = [np.pad(p, ((0, 8), (0, width - p.shape[1]), (0, 0))) for p in previews]
    page = output / "before-after.png"
    Image.fromarray(np.concatenate(padded)).save(page)
    console.print(f"pictures: {page}\nresults:  {output}/*/report.json, image/, uncertainty/")
