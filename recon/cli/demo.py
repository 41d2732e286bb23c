"""``recon demo``: real scans that ship inside PyPI packages, made worse, brought back, on one page."""

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

from recon.cli.session import own_service
from recon.cli.task import nothing_in
from recon.cli.work import work
from recon.tasks.registry import task_of
from recon.volumes import Geometry, Unit, Volume

#: CT slices in pydicom's wheel: a head at 512x512 and a part of a spine at 128x128.
CT_FILES = ("J2K_pixelrep_mismatch.dcm", "CT_small.dcm")
#: An abdominal MR slice with a lesion of the liver, from the same wheel.
MR_FILE = "examples_overlay.dcm"
_GAP = 8


def demo(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the results.")] = Path("demo-output"),
    server: Annotated[str | None, typer.Option(help="Use the service at HOST:PORT instead of starting one.")] = None,
) -> None:
    """Denoise CT and reconstruct MR images from installed packages and show where the results are."""
    if server is None:
        with own_service() as address:
            return _show(output, address)
    return _show(output, server)


def _show(output: Path, server: str) -> None:
    console = Console(highlight=False, soft_wrap=True)
    scans = [path for name in CT_FILES if (path := _shipped(name, console)) is not None]
    _run("ct", scans, output, server)
    results = [output / path.stem for path in scans]
    source = _shipped(MR_FILE, console)
    if source is not None:
        raw = _raw_data(source, output)
        console.print(f"simulated from it: {raw}, 8 coils, every fourth line and 24 in the centre")
        _run("mr", [raw], output, server)
        results.append(output / raw.stem)
    previews = []
    for folder in results:
        report = json.loads((folder / "report.json").read_text())
        console.print(f"{folder.name}: {report['verdict']} by {report['model']['name']}")
        previews.append(np.asarray(Image.open(folder / "preview.png")))
    width = max(picture.shape[1] for picture in previews)
    padded = [np.pad(p, ((0, _GAP), (0, width - p.shape[1]), (0, 0))) for p in previews]
    page = output / "before-after.png"
    Image.fromarray(np.concatenate(padded)).save(page)
    console.print(f"pictures: {page}\nresults:  {output}/*/report.json, image*, uncertainty*")


def _shipped(name: str, console: Console) -> Path | None:
    found = get_testdata_file(name, download=False)
    if not found:
        console.print(f"{name} does not ship with this pydicom; left out")
        return None
    dataset = pydicom.dcmread(str(found), stop_before_pixels=True)
    words = [dataset.get(key, "") for key in ("Modality", "Manufacturer", "BodyPartExamined", "ConvolutionKernel")]
    console.print(f"input {name}: {dataset.Rows}x{dataset.Columns} {' '.join(str(word) for word in words if word)}")
    return Path(str(found))


def _raw_data(source: Path, output: Path) -> Path:
    """What a scanner with eight coils would have measured of an image, as a file."""
    from recon.training.mr.raw_files import write_ismrmrd
    from recon.training.mr.simulate import ScanProtocol, simulate

    dataset = pydicom.dcmread(str(source))
    image = dataset.pixel_array.astype(np.float32)
    column_mm, row_mm = float(dataset.PixelSpacing[1]), float(dataset.PixelSpacing[0])
    volume = Volume(image[None], Geometry.from_spacing(column_mm, row_mm, 5.0), Unit.ARBITRARY)
    scan = simulate(volume, ScanProtocol("cartesian", 4.0, "equispaced", 24, 1.0, 8, 0.02, 1.0, 0.0, 0))
    path = output / "raw" / "abdomen_kspace.h5"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_ismrmrd(scan, path)
    return path


def _run(name: str, inputs: list[Path], output: Path, server: str) -> None:
    task = task_of(name)
    given = {task.inputs[0].name: inputs}
    nothing = nothing_in(task, given)
    status = work(task.find(given), output, task.options(), server=server, tls=None, as_json=False, nothing=nothing)
    if status:
        raise typer.Exit(status)
