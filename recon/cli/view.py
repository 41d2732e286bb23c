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
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
) -> None:
    """Show results in the browser until Ctrl-C; prints the address, which holds a token."""
    from recon.doors.view.serve import listening, serve
    from recon.doors.view.sources import FolderSource

    where = listening(listen, tls_cert, tls_key)
    serve(FolderSource(results, decisions), where)
