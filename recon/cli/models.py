"""``recon models``: what the service serves, and whether the files are the ones it says."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from recon.backend.configuration import of_version, parameters_in, sha256_of
from recon.cli.options import RunningService, TlsCa, TlsCert, TlsKey
from recon.cli.session import connect, tls_of
from recon.errors import UnreadableInput

_WIDE = 160


def models(
    server: RunningService = None,
    verify: Annotated[Path | None, typer.Option(help="Compare with the weight files of this model repository.")] = None,
    tls_ca: TlsCa = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """List the served models; with --verify, exit 1 when a checksum differs."""
    tls = tls_of(tls_ca, tls_cert, tls_key, server)
    known = hashes(verify) if verify is not None else set()
    if verify is not None and not known:
        raise UnreadableInput(f"{verify}: no model repository, whose folders hold config.pbtxt and the files it names")
    with connect(server, tls) as client:
        served = client.models()
    model_bytes = {model.name: model.memory_bytes for model in served}
    rows = []
    for model in served:
        row = {
            "name": model.name,
            "version": model.version,
            "task": model.task,
            "ready": model.ready,
            "default": model.is_default,
            "sha256": model.sha256,
            "tuning": model.tuning,
            "memory_bytes": model.memory_bytes if model.HasField("memory_bytes") else None,
            "description": model.description,
        }
        if verify is not None:
            row["verified"] = model.sha256 in known
        rows.append(row)
    if as_json:
        print(json.dumps({"models": rows}, indent=2))
    else:
        table = Table()
        tuned = any(row["tuning"] for row in rows)
        weighed = any(row["memory_bytes"] is not None for row in rows)
        more = [
            *(["memory"] if weighed else []),
            *(["verified"] if verify else []),
            *(["tuned to"] if tuned else []),
        ]
        for heading in ("model", "version", "task", "ready", "sha256", *more):
            table.add_column(heading, no_wrap=True)
        table.add_column("description")
        for row in rows:
            cells = [
                f"{row['name']}{' *' if row['default'] else ''}",
                row["version"],
                row["task"],
                "yes" if row["ready"] else "no",
            ]
            cells.append(str(row["sha256"])[:16])
            if weighed:
                cells.append("" if row["memory_bytes"] is None else f"{model_bytes[str(row['name'])] >> 20} MiB")
            if verify:
                cells.append("yes" if row["verified"] else "NO")
            if tuned:
                cells.append(row["tuning"])
            table.add_row(*map(str, cells), str(row["description"]))
        console = Console()
        if not console.is_terminal:
            console = Console(width=_WIDE)
        console.print(table)
    if others := [str(row["name"]) for row in rows if verify is not None and not row["verified"]]:
        print(f"recon: not made of the files in {verify}: {', '.join(others)}", file=sys.stderr)
        raise typer.Exit(1)


def hashes(repository: Path) -> set[str]:
    """SHA-256 of the files of every model version, as its configuration names them.

    The configuration is not believed: the files are read. One Triton model may hold several methods,
    so a served model is looked up by what it was made of.
    """
    found = set()
    for config in repository.glob("*/config.pbtxt"):
        parameters = parameters_in(config.parent)
        for folder in config.parent.glob("[0-9]*"):
            names = of_version(parameters, folder.name).get("files", "").split(",")
            paths = [folder / name for name in names if name]
            if paths and all(path.exists() for path in paths):
                found.add(sha256_of(paths))
    return found
