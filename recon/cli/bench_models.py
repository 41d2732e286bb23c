"""``recon bench models``, ``tune`` and ``peers``: what a model costs, how it runs best, and what it is up against."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recon.cli.bench_options import BenchFolder, MeasuredService, console_of, one_of, progress, service
from recon.errors import InvalidRequest


def models(
    output: BenchFolder = None,
    threads: Annotated[int, typer.Option(min=0, help="Threads and cores of each runtime; 0 takes all.")] = 0,
    repository: Annotated[Path | None, typer.Option(help="Model repository; by default the installed one.")] = None,
) -> None:
    """Parameters, FLOPs, and the share of the machine's peak that each runtime reaches."""
    from recon.bench import record as records
    from recon.bench import runtimes, table
    from recon.bench.models import measure_models
    from recon.bench.routes.network import model_repository

    with progress() as told:
        record = measure_models(repository or model_repository(), threads or runtimes.cores(), told)
    console = console_of()
    table.show(console, "Cost of one inference", table.COST_HEADS, table.cost_rows(record))
    table.show(console, "Runtimes", table.RUNTIME_HEADS, table.runtime_rows(record))
    for name, found in record["models"].items():
        words = ", ".join(f"{operator} {count:,}" for operator, count in found.get("not_counted", {}).items())
        console.print(f"{name}: not counted (output elements): {words}", markup=False, highlight=False)
    console.print(f"measured peak of the machine, GFLOP/s: {record['peaks']}", markup=False)
    if output is not None:
        records.write(record, output / "models.json")


def tune(
    output: BenchFolder = None,
    model: Annotated[str, typer.Option(help="Model to tune for.")] = "ct_denoise",
    rounds: Annotated[int, typer.Option(min=3, help="Measurements of each setting.")] = 7,
) -> None:
    """Runtime, threads and instances that serve a model best here; recon serve --tuning takes the record."""
    from recon.bench import record as records
    from recon.bench import table
    from recon.bench.models import networks
    from recon.bench.routes.network import model_repository, weights_of
    from recon.bench.tune import tune as measure
    from recon.serving.tuning import serves_settings

    weights = weights_of(model)
    if not serves_settings(weights.parent):
        raise InvalidRequest(f"{model} is served by a file of its own, which takes no settings")
    shapes = dict(networks(model_repository()).values())
    if weights not in shapes:
        raise InvalidRequest(f"{weights.parents[1] / 'config.pbtxt'} names no warm_shape")
    with progress() as told:
        record = measure(weights, shapes[weights], told, rounds)
    console = console_of()
    table.show(console, f"{model} {weights.parent.name}", table.TUNE_HEADS, table.tune_rows(record))
    if output is not None:
        records.write(record, output / f"tune-{model}.json")


def peers(
    output: BenchFolder = None,
    server: MeasuredService = None,
    task: Annotated[list[str] | None, typer.Option(help="Only these tasks; may be repeated.")] = None,
) -> None:
    """What users would pick instead, in one run: quality beside time, processor time and memory."""
    from recon.bench import peers as rivals
    from recon.bench import record as records
    from recon.bench import table
    from recon.bench.peers.method import beside
    from recon.bench.processes import listener
    from recon.client import Client

    known = rivals.compared()
    chosen = [one_of("--task", name, tuple(known)) for name in task or known]
    tasks = {}
    with progress() as told:
        for name in chosen:
            told(f"{name}: starting")
            # with the models of this task alone, for their memory is compared
            with service(server, "--task", name) as address, Client(address) as client:
                tasks[name] = known[name](client, beside(listener(address), "service"), told)
    record = rivals.record(tasks)
    console = console_of()
    for name, found in tasks.items():
        table.show(console, f"{name}: {found['data']}", table.PEER_HEADS, table.peer_rows(found))
    console.print(_PEERS_WORDS, soft_wrap=True)
    if output is not None:
        from recon.bench import plots

        records.write(record, output / "peers.json")
        plots.time_against_quality(record, output / "peers.png")
        words = "\n".join(
            f"{name}: {found['data']}; {found['measure']}\n\n{table.markdown(table.PEER_HEADS, table.peer_rows(found))}"
            for name, found in tasks.items()
        )
        (output / "peers.md").write_text(f"{words}\n{_PEERS_WORDS}\n")


_PEERS_WORDS = (
    "Simulated images rank methods only roughly; figures on real scans are in models/*/evaluation.json. Where a "
    "parameter is named, the truth chose it, which flatters the method. Memory is the peak of a process that does "
    "nothing else; of a service, what all of its processes hold. Processor time is that of all who take part, the "
    "caller included."
)
