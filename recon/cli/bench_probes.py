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
    slices: Annotated[int, typer.Option(min=1, help="Of a series; few is one in twelve of them.")] = 12,
    matrix: Annotated[int, typer.Option(min=64, help="Rows and columns of a slice.")] = 256,
    rounds: Annotated[int, typer.Option(min=6, help="Of series with none and few slices probed.")] = 6,
    all_slices: Annotated[bool, typer.Option("--all", help="Also with all of them probed.")] = False,
) -> None:
    """Processor time of a series with --probes off and few, by turns: what is added, with its 95 % interval."""
    import time

    from recon.bench.probes import WAYS, measure_task, processor_time
    from recon.client import Client
    from recon.tasks.probe import Probes
    from recon.tasks.registry import task_of
    from recon.tasks.sample import Extent

    ways = (*WAYS, Probes.ALL) if all_slices else WAYS
    with service(server) as address, Client(address) as client:
        worked = processor_time(address)
        clock = worked or time.perf_counter
        record = measure_task(client, task_of(task), model, slices, rounds, Extent(matrix), ways, clock)
    record["clock"] = "time that passed" if worked is None else "processor time of the service and its models"
    words = json.dumps(record, indent=2)
    print(words)
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        (output / "probes.json").write_text(words + "\n")
