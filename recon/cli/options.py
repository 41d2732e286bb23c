"""Options that commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ResultFolder = Annotated[Path, typer.Option("-o", "--output", help="Folder for the results.")]
Model = Annotated[str, typer.Option(help="Model to use; by default the service chooses and says why.")]
RunningService = Annotated[str | None, typer.Option(help="Use the service at HOST:PORT instead of starting one.")]
TlsCa = Annotated[Path | None, typer.Option(help="CA certificate (PEM) for an encrypted connection.")]
TlsCert = Annotated[Path | None, typer.Option(help="Our certificate (PEM), where the service asks for one.")]
TlsKey = Annotated[Path | None, typer.Option(help="Its key (PEM).")]
Timeout = Annotated[float, typer.Option(min=1.0, help="Seconds that one series may take.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write one JSON object to stdout.")]
