"""``recon bench overhead``, ``intake`` and ``mrd``: what the way costs, and how fast input is taken in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

RecordFolder = Annotated[Path | None, typer.Option("-o", "--output", help="Write the record into this folder.")]


def overhead(
    output: RecordFolder = None,
    rounds: Annotated[int, typer.Option(min=10, help="Series of one slice.")] = 60,
    slices: Annotated[int, typer.Option(min=10, help="Length of the streamed series.")] = 200,
) -> None:
    """What the way from client to result costs, measured with a model that does nothing."""
    from recon.bench.overhead import measure
    from recon.cli.session import own_service

    _say(measure(own_service, rounds, slices), output, "overhead.json")


def intake(
    output: RecordFolder = None,
    files: Annotated[int, typer.Option(min=200, help="CT files whose headers are sorted out.")] = 10_000,
) -> None:
    """How fast the headers of an archive are sorted out and k-space is taken in."""
    from recon.bench.intake import measure
    from recon.cli.session import own_service

    _say(measure(own_service, files), output, "intake.json")


def mrd(
    output: RecordFolder = None,
    slices: Annotated[int, typer.Option(min=3, help="Of a scan.")] = 20,
    pace: Annotated[float, typer.Option(min=1.0, help="Of the scanner where latency is looked at, MB/s.")] = 300.0,
) -> None:
    """What the scanner's door adds to a slice, and how many megabytes a second it takes in."""
    from recon.bench.mrd import measure
    from recon.cli.own_door import own_door

    _say(measure(own_door, slices=slices, mb_per_s=pace), output, "mrd.json")


def _say(record: dict[str, Any], output: Path | None, name: str) -> None:
    words = json.dumps(record, indent=2)
    print(words)
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        (output / name).write_text(words + "\n")
