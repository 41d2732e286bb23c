"""What the benchmarks' commands share: options, a console, a service to measure, a line of progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from recon.errors import InvalidRequest

BenchFolder = Annotated[Path | None, typer.Option("-o", "--output", help="Write record and plots into this folder.")]
MeasuredService = Annotated[
    str | None, typer.Option(help="Measure this running service, HOST:PORT; else one is started.")
]


def one_of(option: str, value: str, allowed: tuple[str, ...]) -> str:
    """The value, where it is allowed."""
    if value not in allowed:
        raise InvalidRequest(f"{option} {value}: it is one of {', '.join(allowed)}")
    return value


def console_of() -> Console:
    """As wide as the tables need where no terminal limits it."""
    console = Console()
    return console if console.is_terminal else Console(width=170)


@contextmanager
def service(server: str | None, *options: str) -> Iterator[str]:
    """Address of the service that is measured; one that is started here gets these options of ``recon serve``."""
    from recon.cli.session import own_service
    from recon.client import Client

    if server:  # whatever is there is measured; one that does not answer makes the run INVALID
        yield server
        return
    with own_service(*options) as address, Client(address) as client:
        client.wait_ready(30)
        yield address


@contextmanager
def progress() -> Iterator[Callable[[str], object]]:
    """One line that says what is being done, on a terminal; silent elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("starting") as status:
        yield status.update
