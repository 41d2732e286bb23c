"""``recon view``: results in the browser, to look, compare and decide."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recon.cli.options import TlsCert, TlsKey


def view(
    results: Annotated[
        list[Path], typer.Argument(help="Result folders, folders of them, or the output of a batch.", metavar="RESULT…")
    ],
    listen: Annotated[
        str, typer.Option(help="Address of the page, HOST:PORT; port 0 takes a free one.")
    ] = "127.0.0.1:0",
    decisions: Annotated[
        Path | None, typer.Option(help="Keep all decisions in this file instead of beside the results.")
    ] = None,
    offline: Annotated[
        Path | None,
        typer.Option(help="Write one file with a few slices of each result instead; names no patient.", metavar="PAGE"),
    ] = None,
    slices: Annotated[int, typer.Option(min=1, max=50, help="With --offline: slices of each result.")] = 5,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
) -> None:
    """Show results in the browser until Ctrl-C; prints the address, which holds a token."""
    from recon.doors.view.offline import write_page
    from recon.doors.view.serve import listening, serve
    from recon.doors.view.sources import FolderSource

    source = FolderSource(results, decisions)
    if offline is not None:
        write_page(source.cases(), offline, slices)
        print(offline)
        return
    where = listening(listen, tls_cert, tls_key)
    serve(source, where)
