"""``recon bench scan``: one long series, its rate and its memory."""

from __future__ import annotations

from typing import Annotated

import typer

from recon.cli.bench_options import BenchFolder, MeasuredService, console_of, progress, service
from recon.tasks.registry import task_of


def scan(
    output: BenchFolder = None,
    server: MeasuredService = None,
    task: Annotated[str, typer.Option(help="Whose model is measured.")] = "mr",
    model: Annotated[str, typer.Option(help="By default the service chooses.")] = "",
    slices: Annotated[int, typer.Option(min=1, help="Of the series.")] = 256,
    matrix: Annotated[int | None, typer.Option(min=32, help="Rows and columns of a slice.")] = None,
    coils: Annotated[int | None, typer.Option(min=1, help="Of MR.")] = None,
) -> None:
    """One long series through the service: slices a second, processor time and memory of every process.

    Exit status 1 when memory grew with the length of a series that is worked off slice by slice.
    """
    from recon.bench import record as records
    from recon.bench import table
    from recon.bench.processes import Processes, listener, own
    from recon.bench.routes import GATEWAY
    from recon.bench.scan import measure_scan
    from recon.client import Client
    from recon.tasks.sample import Extent

    chosen = task_of(task).name
    extent = Extent(matrix, coils) if matrix or coils else None
    with progress() as told, service(server, "--task", chosen) as address, Client(address) as client:
        pid = listener(address)
        roots = {own(): "caller", **({pid: GATEWAY} if pid else {})}
        processes = Processes(roots, alone=frozenset({own()}))
        record = measure_scan(client, processes, chosen, slices, extent, model, told)
    console = console_of()
    title = (
        f"{record['model']}: {slices} slices ({record['image']}) in {record['seconds']:.1f} s, "
        f"{record['slices_per_s']:.2f} slices/s, the first image after {record['first_image_s']:.1f} s"
    )
    table.show(console, title, table.SCAN_HEADS, table.scan_rows(record))
    for problem in record["problems"]:
        console.print(f"PROBLEM: {problem}", markup=False, soft_wrap=True)
    if output is not None:
        records.write(record, output / f"scan-{chosen}.json")
    if not record["valid"]:
        raise typer.Exit(1)
