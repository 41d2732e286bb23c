"""``recon view``: results in the browser, to look, compare and decide; also those of a node."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recon.cli.options import TlsCa, TlsCert, TlsKey
from recon.errors import InvalidRequest

if TYPE_CHECKING:
    from recon.doors.view.serve import MakeApp


def view(
    results: Annotated[
        list[str],
        typer.Argument(
            help="Result folders, folders of them, the output of a batch; or a node: its folder, or HOST:PORT or URL.",
            metavar="RESULT…|NODE",
        ),
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
    token_file: Annotated[
        Path | None, typer.Option(help="Of a node at an address: a file with a token that it takes.")
    ] = None,
    tls_ca: TlsCa = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
) -> None:
    """Show results in the browser until Ctrl-C; prints the address, which holds a token."""
    from recon.doors.view.serve import listening, page_of, serve
    from recon.doors.view.sources import FolderSource

    where = listening(listen, tls_cert, tls_key)
    page = _of_node(results, token_file, tls_ca)
    if page is not None:
        if offline is not None or decisions is not None:
            raise InvalidRequest(f"{results[0]}: a node keeps its decisions itself and has no offline page")
        serve(page, where)
        return
    source = FolderSource([Path(one) for one in results], decisions)
    if offline is not None:
        from recon.doors.view.offline import write_page

        write_page(source.cases(), offline, slices)
        print(offline)
        return
    serve(page_of(source), where)


def _of_node(named: list[str], token_file: Path | None, ca: Path | None) -> MakeApp | None:
    """The page of a node, where one is named: by its folder, or by its address while it runs."""
    from recon.doors.view.relay import Relay, node_address

    if len(named) != 1:
        return None
    if (Path(named[0]) / "node.sqlite").is_file():
        from recon.doors.node.ledger import Ledger
        from recon.doors.node.reader import NodeResults
        from recon.doors.node.releases import Releases
        from recon.doors.view.serve import page_of

        ledger = Ledger(Path(named[0]))
        releases = Releases(ledger)
        return page_of(NodeResults(ledger, releases), releases.decided)
    address = None if Path(named[0]).exists() else node_address(named[0])
    if address is None:
        return None
    relay = Relay(address, token_file, ca)
    relay.check()
    return relay.app


COMMANDS = {"view": view}
