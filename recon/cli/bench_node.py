"""``recon bench node``: the hospital's door, measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console


def node(
    slices: Annotated[int, typer.Option(min=1, help="Slices of 512x512 that arrive.")] = 300,
    studies: Annotated[int, typer.Option(min=11, help="Studies of the backlog.")] = 1000,
    work: Annotated[int, typer.Option(min=0, help="Slices of the series that is denoised; 0 leaves that out.")] = 20,
    server: Annotated[str | None, typer.Option(help="A running service, HOST:PORT; else one is started.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write the record into this folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object to stdout.")] = False,
) -> None:
    """Instances a second on loopback, time to the first image, memory of a backlog."""
    from recon.bench.node import measure_node

    errors = Console(stderr=True, highlight=False)
    record = measure_node(slices, studies, work, server, lambda words: errors.print(f"{words} ..."))
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        (output / "node.json").write_text(json.dumps(record, indent=2) + "\n")
    if as_json:
        print(json.dumps(record, indent=2))
        return
    for name, value in record.items():
        print(f"{name}: {value:.4g}" if isinstance(value, float) else f"{name}: {value}")
