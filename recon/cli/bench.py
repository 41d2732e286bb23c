"""``recon bench``: what the service costs above the bare network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

app = typer.Typer(help="Benchmarks: ratios in one run.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    pass


@app.command()
def ct(
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write the figures as JSON.")] = None,
    rounds: Annotated[int, typer.Option(help="Interleaved rounds of the latency part.")] = 30,
    series: Annotated[int, typer.Option(help="Slices of the streamed series.")] = 100,
    long_series: Annotated[int, typer.Option(help="Slices of the memory part; 0 leaves it out.")] = 1000,
    peers: Annotated[bool, typer.Option(help="Also time what a user would pick instead.")] = False,
) -> None:
    """Latency and throughput of bare network, Triton and gateway, and the gateway's memory."""
    from recon.bench import ct as bench
    from recon.cli.session import own_service
    from recon.client import Client

    with own_service() as address, Client(address) as client:
        pid = _listener(int(address.rpartition(":")[2]))

        def parts() -> Iterator[tuple[str, dict[str, Any]]]:
            yield "latency", bench.latency(client, rounds, peers)
            yield "throughput", bench.throughput(client, series)
            if long_series:
                yield "memory", bench.gateway_memory(client, pid, long_series)

        found = bench.report(parts())
    table = Table("one 512x512 slice", "p50 ms", "p90 ms", "p99 ms", "ratio", "added ms")
    for name, row in found["latency"]["routes"].items():
        cells = ("p50_ms", "p90_ms", "p99_ms", "ratio_to_bare", "added_ms")
        table.add_row(name, *(str(row.get(cell, "")) for cell in cells))
    console = Console()
    console.print(table)
    for key in ("machine", "throughput", "memory"):
        if key in found:
            console.print(f"{key}: {json.dumps(found[key])}", markup=False, highlight=False)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps(found, indent=2) + "\n")


def _listener(port: int) -> int:
    """Process that listens on a loopback port."""
    import psutil

    for connection in psutil.net_connections("tcp"):
        if connection.laddr and connection.laddr.port == port and connection.status == "LISTEN":
            return int(connection.pid or 0)
    raise RuntimeError(f"nobody listens on {port}")
