"""``recon bench soak``: a mixed load for a long time."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from recon.cli.bench_options import BenchFolder, MeasuredService, console_of, progress, service
from recon.errors import InvalidRequest
from recon.tasks.registry import task_of, tasks


def soak(
    output: BenchFolder = None,
    server: MeasuredService = None,
    task: Annotated[list[str] | None, typer.Option(help="Only these, in one mix.")] = None,
    model: Annotated[str, typer.Option(help="Of a single --task; by default the service chooses.")] = "",
    minutes: Annotated[float, typer.Option(min=0.05, help="How long; valid from 10 on, which growth needs.")] = 30.0,
    clients: Annotated[int, typer.Option(min=1, help="At a time.")] = 6,
    seed: Annotated[int, typer.Option(help="Of what comes when.")] = 0,
) -> None:
    """All tasks under clients that hang, cancel, time out and disconnect; exit status 1 when anything else fails.

    A run that is too short to judge the growth of memory is no valid one either.
    """
    from recon.bench import record as records
    from recon.bench import table
    from recon.bench.processes import Processes, listener
    from recon.bench.routes import GATEWAY
    from recon.bench.soak import Soak, report

    chosen = [task_of(name).name for name in task or tasks()]
    if model and len(chosen) != 1:
        raise InvalidRequest("--model is of one task; name it with --task")
    with progress() as told, service(server) as address:
        pid = listener(address)
        running = Soak(address, chosen, model, Processes({pid: GATEWAY} if pid else {}), seed)
        asyncio.run(running.run(60 * minutes, clients, told))
    record = report(running, 60 * minutes, clients)
    console = console_of()
    table.show(console, "Clients", table.CLIENT_HEADS, table.client_rows(record))
    table.show(console, "Memory, second half", table.MEMORY_HEADS, table.memory_rows(record))
    for problem in record["problems"]:
        console.print(f"PROBLEM: {problem}", markup=False, soft_wrap=True)
    if output is not None:
        from recon.bench import plots

        records.write(record, output / "soak.json")
        plots.memory_over_time(record, output / "soak.png")
    if not record["valid"]:
        raise typer.Exit(1)
