"""``recon demo``: real scans that ship inside PyPI packages, made worse, brought back, on one page."""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Annotated, TypeAlias

import numpy as np
import typer
from PIL import Image
from rich.console import Console

from recon.cli import demonstrating
from recon.cli.session import own_service
from recon.cli.task import nothing_in
from recon.cli.work import work
from recon.errors import UnreadableInput
from recon.plug_ins import loaded
from recon.tasks.names import name_of
from recon.tasks.registry import task_of

#: Inputs of one task, made in a folder if need be; says what they are.
DemoInputs: TypeAlias = Callable[[Path, Callable[[str], object]], list[Path]]
_GROUP = "recon.demo"
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
    results = []
    for name, inputs in _inputs().items():
        paths = inputs(output, console.print)
        if paths:
            _run(name, paths, output, server)
            results += [output / name_of(path) for path in paths]
    if not results:
        raise UnreadableInput("there is nothing to show: no installed package has scans")
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


def _inputs() -> dict[str, DemoInputs]:
    """What is shown of each task: the modules of a package, and a site's entry points, by the task's name."""
    own = pkgutil.iter_modules(demonstrating.__path__)
    found = {name: import_module(f"{demonstrating.__name__}.{name}").inputs for _, name, _ in own}
    return found | {point.name: inputs for point, inputs in loaded(_GROUP)}


def _run(name: str, inputs: list[Path], output: Path, server: str) -> None:
    task = task_of(name)
    given = {task.inputs[0].name: inputs}
    nothing = nothing_in(task, given)
    status = work(task.find(given), output, task.options(), server=server, tls=None, as_json=False, nothing=nothing)
    if status:
        raise typer.Exit(status)
