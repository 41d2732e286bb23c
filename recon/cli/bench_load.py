"""``recon bench serve``, ``compare`` and ``kit``: latency and throughput against load."""

from __future__ import annotations

import asyncio
import shlex
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from recon.cli.bench_options import BenchFolder, MeasuredService, console_of, progress, service
from recon.errors import InvalidRequest
from recon.tasks.registry import task_of


def serve(
    output: BenchFolder = None,
    server: MeasuredService = None,
    also: Annotated[list[str] | None, typer.Option(help="NAME=HOST:PORT of another service, in the same run.")] = None,
    task: Annotated[str, typer.Option(help="Whose model is measured.")] = "ct",
    model: Annotated[str, typer.Option(help="Model to measure.")] = "",
    route: Annotated[list[str] | None, typer.Option(help="Only these routes.")] = None,
    blocks: Annotated[int, typer.Option(min=1, help="Blocks of every route under every load.")] = 12,
    requests: Annotated[int, typer.Option(min=1, help="Requests in a block; open loops have a lead-in before.")] = 8,
    concurrency: Annotated[str, typer.Option(help="Callers at a time of the closed loops.")] = "1,2,4",
    rate: Annotated[str, typer.Option(help="Arrivals/s of the open loops; 50% is half of what one caller gets.")] = (
        "50%,80%"
    ),
    series: Annotated[int, typer.Option(min=0, help="Slices of the streamed series (0: none), or of every pair.")] = 8,
    seed: Annotated[int, typer.Option(help="Of arrivals and of the order of blocks.")] = 0,
    self_test: Annotated[bool, typer.Option(help="First let the instrument test itself.")] = True,
    minutes: Annotated[float | None, typer.Option(min=0.5, help="End by then, with fewer blocks.")] = None,
    tune: Annotated[bool, typer.Option(help="Measure a service that is tuned to this machine.")] = True,
) -> None:
    """Latency and throughput against load: bare runtime, Triton, gateway; exit status 1 when INVALID.

    Writes serve.json, serve.html (one page with plots) and serve.md (a short table).
    """
    began = time.monotonic()
    from recon.bench.blocks import Plan
    from recon.bench.measure import measure
    from recon.bench.request import MeasurementRequest
    from recon.bench.routes import routes_of
    from recon.bench.routes.network import default_model, model_repository
    from recon.bench.self_test import self_test as run_self_test
    from recon.bench.tuned import cache, kept_records

    callers = tuple(int(value) for value in _numbers("--concurrency", concurrency))
    if max(callers, default=0) > requests:
        raise InvalidRequest(
            f"--concurrency {max(callers)}: no more than the --requests {requests} of a block are under way at a time; "
            f"give --requests {max(callers)} or fewer callers"
        )
    chosen = model or default_model(task_of(task).name)
    request = MeasurementRequest(
        task=task,
        model=chosen,
        routes=tuple(route) if route else routes_of(chosen),
        others=_others(also or []),
        concurrency=callers,
        rates=tuple(_numbers("--rate", rate)),
        series=series,
        plan=Plan(blocks, requests, seed=seed),
        until_s=began + 60 * minutes if minutes else float("inf"),
    )
    console = console_of()
    with progress() as told:
        told("self-test")
        checks = asyncio.run(run_self_test()) if self_test else []
        if tune and server is None:
            found = kept_records(model_repository(), [task], cache(), told, models=[chosen])
            request = replace(request, tuning=tuple(found))
        settings = [word for path in request.tuning for word in ("--tuning", str(path))]
        with service(server, "--task", task_of(task).name, *settings) as address:
            record = asyncio.run(measure(address, request, checks, told))
    record["settings"]["command"] = shlex.join(["recon", *sys.argv[1:]])
    _show_serve(console, record)
    if output is not None:
        from recon.bench import plots
        from recon.bench import record as records
        from recon.bench.page import page
        from recon.bench.words import as_markdown

        records.write(record, output / "serve.json")
        plots.latency_against_load(record, output / "serve.png")
        (output / "serve.html").write_text(page(record))
        (output / "serve.md").write_text(f"{as_markdown(record)}\nA slice is {record['settings']['slice']}.\n")
    if not record["valid"]:
        raise typer.Exit(1)


def _show_serve(console: Console, record: dict[str, Any]) -> None:
    from recon.bench import table
    from recon.bench.words import lead_in_words

    if record["self_test"]:
        table.show(console, "The instrument", table.CHECK_HEADS, table.check_rows(record))
    else:
        console.print("The instrument was not tested (--no-self-test).")
    title = f"{record['settings']['model']}, {record['settings']['image']}"
    table.show(console, title, table.SERVE_HEADS, table.serve_rows(record))
    for words in (f"A slice is {record['settings']['slice']}.", lead_in_words(record)):
        if words:
            console.print(words, markup=False, highlight=False, soft_wrap=True)
    table.show(console, "Processes", table.PROCESS_HEADS, table.process_rows(record))
    for name in ("machine", "notes", "same_bits_as_bare_runtime"):
        console.print(f"{name}: {record[name]}", markup=False, highlight=False, soft_wrap=True)
    for warning in record["warnings"]:
        console.print(f"WARNING: {warning}", markup=False, soft_wrap=True)
    for problem in record["problems"]:
        console.print(f"INVALID: {problem}", markup=False, soft_wrap=True)
    if not record["valid"]:
        console.print("This run is INVALID; none of its figures may be quoted.")


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
    console = console_of()
    table.show(console, "Median latency", table.DIFFERENCE_HEADS, table.difference_rows(found))
    if second is not None:
        ratio = machine_ratio(a, records.read(second))
        if ratio is not None and not absolute:
            console.print(
                "B / A: of each block's ratio to the bare runtime in its round. "
                f"The bare runtime itself took {ratio:.3f} of its time in A: so much the machine has changed."
            )
    console.print("could have shown: the smallest ratio that so many blocks of this spread show in 4 of 5 runs.")


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
