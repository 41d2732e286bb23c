"""``recon bench``: how fast the service is, measured so that a distrustful reader can check it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from recon.cli.bench_node import node
from recon.cli.bench_way import intake, mrd, overhead
from recon.errors import InvalidRequest
from recon.tasks.registry import task_of, tasks

app = typer.Typer(help="Benchmarks that test themselves.", no_args_is_help=True)
app.command()(overhead)
app.command()(intake)
app.command()(node)
app.command()(mrd)

Output = Annotated[Path | None, typer.Option("-o", "--output", help="Write record and plots into this folder.")]
Server = Annotated[str | None, typer.Option(help="Measure this running service, HOST:PORT; else one is started.")]


@app.callback()
def _group() -> None:
    pass


@app.command()
def serve(
    output: Output = None,
    server: Server = None,
    also: Annotated[list[str] | None, typer.Option(help="NAME=HOST:PORT of another service, in the same run.")] = None,
    task: Annotated[str, typer.Option(help="Whose model is measured.")] = "ct",
    model: Annotated[str, typer.Option(help="Model to measure.")] = "",
    route: Annotated[list[str] | None, typer.Option(help="Only these routes.")] = None,
    blocks: Annotated[int, typer.Option(min=1, help="Blocks of every route under every load.")] = 12,
    requests: Annotated[int, typer.Option(min=1, help="Requests in a block.")] = 8,
    concurrency: Annotated[str, typer.Option(help="Callers at a time of the closed loops.")] = "1,2,4",
    rate: Annotated[str, typer.Option(help="Arrivals/s of the open loops; 50% is half of what one caller gets.")] = (
        "50%,80%"
    ),
    series: Annotated[int, typer.Option(min=0, help="Slices of the streamed series (0: none), or of every pair.")] = 8,
    seed: Annotated[int, typer.Option(help="Of arrivals and of the order of blocks.")] = 0,
    self_test: Annotated[bool, typer.Option(help="First let the instrument test itself.")] = True,
) -> None:
    """Latency and throughput against load: bare runtime, Triton, gateway; exit status 1 when INVALID."""
    from recon.bench.blocks import Plan
    from recon.bench.measure import MeasurementRequest, measure
    from recon.bench.routes import routes_of
    from recon.bench.routes.network import default_model
    from recon.bench.self_test import self_test as run_self_test

    chosen = model or default_model(task_of(task).name)
    request = MeasurementRequest(
        task=task,
        model=chosen,
        routes=tuple(route) if route else routes_of(chosen),
        others=_others(also or []),
        concurrency=tuple(int(value) for value in _numbers("--concurrency", concurrency)),
        rates=tuple(_numbers("--rate", rate)),
        series=series,
        plan=Plan(blocks, requests, seed=seed),
    )
    console = _console()
    with _progress() as told:
        told("self-test")
        checks = asyncio.run(run_self_test()) if self_test else []
        with _service(server) as address:
            record = asyncio.run(measure(address, request, checks, told))
    _show_serve(console, record)
    if output is not None:
        from recon.bench import plots, table
        from recon.bench import record as records

        records.write(record, output / "serve.json")
        plots.latency_against_load(record, output / "serve.png")
        words = table.markdown(table.SERVE_HEADS, table.serve_rows(record))
        (output / "serve.md").write_text(f"{words}\nA slice is {record['settings']['slice']}.\n")
    if not record["valid"]:
        raise typer.Exit(1)


def _show_serve(console: Console, record: dict[str, Any]) -> None:
    from recon.bench import table

    if record["self_test"]:
        table.show(console, "The instrument", table.CHECK_HEADS, table.check_rows(record))
    else:
        console.print("The instrument was not tested (--no-self-test).")
    title = f"{record['settings']['model']}, {record['settings']['image']}"
    table.show(console, title, table.SERVE_HEADS, table.serve_rows(record))
    console.print(f"A slice is {record['settings']['slice']}.", markup=False, highlight=False, soft_wrap=True)
    table.show(console, "Processes", table.PROCESS_HEADS, table.process_rows(record))
    for name in ("machine", "notes", "same_bits_as_bare_runtime"):
        console.print(f"{name}: {record[name]}", markup=False, highlight=False, soft_wrap=True)
    for warning in record["warnings"]:
        console.print(f"WARNING: {warning}", markup=False, soft_wrap=True)
    for problem in record["problems"]:
        console.print(f"INVALID: {problem}", markup=False, soft_wrap=True)
    if not record["valid"]:
        console.print("This run is INVALID; none of its figures may be quoted.")


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(help="serve.json of A.")],
    second: Annotated[Path | None, typer.Argument(help="serve.json of B; absent compares two routes of A.")] = None,
    route_a: Annotated[str, typer.Option("--a", help="With one record: this route ...")] = "bare runtime",
    route_b: Annotated[str, typer.Option("--b", help="... against this one.")] = "gateway",
    other_machine: Annotated[bool, typer.Option("--other-machine", help="Compare different machines.")] = False,
    absolute: Annotated[bool, typer.Option("--absolute", help="Times, not ratios to the bare runtime.")] = False,
) -> None:
    """Whether two runs differ, by how much, and how small a difference they could have shown."""
    from recon.bench import record as records
    from recon.bench import table
    from recon.bench.compare import compare_routes, compare_runs, machine_ratio

    a = records.read(first)
    if second is None:
        found = compare_routes(a, route_a, route_b)
    else:
        found = compare_runs(a, records.read(second), other_machine=other_machine, absolute=absolute)
    console = _console()
    table.show(console, "Median latency", table.DIFFERENCE_HEADS, table.difference_rows(found))
    if second is not None:
        ratio = machine_ratio(a, records.read(second))
        if ratio is not None and not absolute:
            console.print(
                "B / A: of each block's ratio to the bare runtime in its round. "
                f"The bare runtime itself took {ratio:.3f} of its time in A: so much the machine has changed."
            )
    console.print("could have shown: the smallest ratio that so many blocks of this spread show in 4 of 5 runs.")


@app.command()
def models(
    output: Output = None,
    threads: Annotated[int, typer.Option(min=0, help="Threads and cores of each runtime; 0 takes all.")] = 0,
    repository: Annotated[Path | None, typer.Option(help="Model repository; by default the installed one.")] = None,
) -> None:
    """Parameters, FLOPs, and the share of the machine's peak that each runtime reaches."""
    from recon.bench import record as records
    from recon.bench import runtimes, table
    from recon.bench.models import measure_models
    from recon.bench.routes.network import model_repository

    with _progress() as told:
        record = measure_models(repository or model_repository(), threads or runtimes.cores(), told)
    console = _console()
    table.show(console, "Cost of one inference", table.COST_HEADS, table.cost_rows(record))
    table.show(console, "Runtimes", table.RUNTIME_HEADS, table.runtime_rows(record))
    for name, found in record["models"].items():
        words = ", ".join(f"{operator} {count:,}" for operator, count in found.get("not_counted", {}).items())
        console.print(f"{name}: not counted (output elements): {words}", markup=False, highlight=False)
    console.print(f"measured peak of the machine, GFLOP/s: {record['peaks']}", markup=False)
    if output is not None:
        records.write(record, output / "models.json")


@app.command()
def tune(
    output: Output = None,
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
    with _progress() as told:
        record = measure(weights, shapes[weights], told, rounds)
    console = _console()
    table.show(console, f"{model} {weights.parent.name}", table.TUNE_HEADS, table.tune_rows(record))
    if output is not None:
        records.write(record, output / f"tune-{model}.json")


@app.command()
def peers(
    output: Output = None,
    server: Server = None,
    task: Annotated[list[str] | None, typer.Option(help="Only these tasks; may be repeated.")] = None,
) -> None:
    """What users would pick instead: quality beside time."""
    from recon.bench import peers as rivals
    from recon.bench import record as records
    from recon.bench import table
    from recon.client import Client

    known = rivals.compared()
    chosen = [_one_of("--task", name, tuple(known)) for name in task or known]
    with _progress() as told, _service(server) as address, Client(address) as client:
        tasks = {name: known[name](client, told) for name in chosen}
    record = rivals.record(tasks)
    console = _console()
    for name, found in tasks.items():
        table.show(console, f"{name}: {found['data']}", table.PEER_HEADS, table.peer_rows(found))
    console.print(
        "Simulated images rank methods only roughly; figures on real scans are in "
        "models/*/evaluation.json. Classical methods got the parameter that the truth favours."
    )
    if output is not None:
        from recon.bench import plots

        records.write(record, output / "peers.json")
        plots.time_against_quality(record, output / "peers.png")


@app.command()
def soak(
    output: Output = None,
    server: Server = None,
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
    with _progress() as told, _service(server) as address:
        pid = listener(address)
        running = Soak(address, chosen, model, Processes({pid: GATEWAY} if pid else {}), seed)
        asyncio.run(running.run(60 * minutes, clients, told))
    record = report(running, 60 * minutes, clients)
    console = _console()
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


@app.command()
def kit(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to write.")] = Path("perf-analyzer-kit"),
    server: Annotated[str, typer.Option(help="Gateway that will be measured, HOST:PORT.")] = "127.0.0.1:50051",
    task: Annotated[str, typer.Option(help="Whose model is measured.")] = "ct",
    model: Annotated[str, typer.Option(help="By default the service chooses.")] = "",
    slices: Annotated[int, typer.Option(min=1, help="Of a request.")] = 1,
) -> None:
    """Messages and command to measure the gateway with Triton's perf_analyzer, and what that does not see."""
    from recon.bench.kit import command, write_kit

    write_kit(output, server, task_of(task), model, slices=slices)
    print(f"{output}: messages.json, README.md, run.sh:\n{' '.join(command(server, task_of(task)))}")


def _numbers(option: str, text: str) -> list[float]:
    """Comma-separated numbers; percentages as negative shares."""
    try:
        values = [
            -float(part[:-1]) / 100 if part.endswith("%") else float(part)
            for part in (word.strip() for word in text.split(","))
            if part
        ]
    except ValueError as error:
        raise InvalidRequest(f"{option} {text}: give numbers separated by commas") from error
    if any(value == 0 for value in values) or (option == "--concurrency" and any(value < 1 for value in values)):
        raise InvalidRequest(f"{option} {text}: the numbers must be positive")
    return values


def _others(pairs: list[str]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        name, separator, address = pair.partition("=")
        if not separator or ":" not in address:
            raise InvalidRequest(f"--also {pair}: give NAME=HOST:PORT")
        found[name] = address
    return found


def _one_of(option: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise InvalidRequest(f"{option} {value}: it is one of {', '.join(allowed)}")
    return value


def _console() -> Console:
    """As wide as the tables need where no terminal limits it."""
    console = Console()
    return console if console.is_terminal else Console(width=170)


@contextmanager
def _service(server: str | None) -> Iterator[str]:
    from recon.cli.session import own_service
    from recon.client import Client

    if server:  # whatever is there is measured; one that does not answer makes the run INVALID
        yield server
        return
    with own_service() as address, Client(address) as client:
        client.wait_ready(30)
        yield address


@contextmanager
def _progress() -> Iterator[Callable[[str], object]]:
    """One line that says what is being done, on a terminal; silent elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("starting") as status:
        yield status.update
