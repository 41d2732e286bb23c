"""``recon models``: what the service serves, and whether the files are the ones it says."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from recon.cli.session import connect


def models(
    server: Annotated[str | None, typer.Option(help="Use the service at HOST:PORT instead of starting one.")] = None,
    verify: Annotated[Path | None, typer.Option(help="Compare with the weight files of this model repository.")] = None,
    tls_ca: Annotated[Path | None, typer.Option(help="CA certificate (PEM) for an encrypted connection.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """List the served models; with --verify, exit 1 when a checksum differs."""
    with connect(server, tls_ca) as client:
        served = client.models()
    # one Triton model may hold several methods, so a model is looked up by what it was made of
    files = [*verify.glob("*/*/*.onnx"), *verify.glob("*/*/model.py")] if verify is not None else []
    hashes = {_sha256(path) for path in files}
    rows = []
    for model in served:
        row = {
            "name": model.name, "version": model.version, "task": model.task, "ready": model.ready,
            "sha256": model.sha256, "description": model.description,
        }  # fmt: skip
        if verify is not None:
            row["verified"] = model.sha256 in hashes
        rows.append(row)
    if as_json:
        print(json.dumps({"models": rows}, indent=2))
    else:
        table = Table("model", "version", "task", "ready", "sha256", *(["verified"] if verify else []), "description")
        for row in rows:
            cells = [row["name"], row["version"], row["task"], "yes" if row["ready"] else "no"]
            cells.append(str(row["sha256"])[:16])
            if verify:
                cells.append("yes" if row["verified"] else "NO")
            table.add_row(*map(str, cells), str(row["description"]))
        Console().print(table)
    if verify is not None and not all(row["verified"] for row in rows):
        raise typer.Exit(1)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
