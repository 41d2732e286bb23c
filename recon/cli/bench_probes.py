"""``recon bench probes``: what known lesions cost."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from recon.cli.bench_options import BenchFolder, MeasuredService, service
from recon.cli.options import Model


def probes(
    output: BenchFolder = None,
    server: MeasuredService = None,
    task: Annotated[str, typer.Option(help="Whose series.")] = "ct",
    model: Model = "",
    slices: Annotated[int, typer.Option(min=1, help="Of a series.")] = 20,
    rounds: Annotated[int, typer.Option(min=6, help="Of series with none, few and all slices probed.")] = 6,
) -> None:
    """Time of a series with --probes off, few and all, by turns."""
    from recon.bench.probes import measure_task
    from recon.client import Client
    from recon.tasks.registry import task_of

    with service(server) as address, Client(address) as client:
        record = measure_task(client, task_of(task), model, slices, rounds)
    words = json.dumps(record, indent=2)
    print(words)
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        (output / "probes.json").write_text(words + "\n")
