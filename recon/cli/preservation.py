"""What the commands of ``recon evaluate preserve`` share: where models run, and what is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

import recon
from recon.client import Client
from recon.client.calls import Calls
from recon.errors import InvalidRequest
from recon.io.output_folder import write_json

_BEGIN, _END = "<!-- PRESERVATION -->\n", "<!-- /PRESERVATION -->"


def models(server: str | None) -> Calls:
    """The calls of a service, or of the models of this installation in this process."""
    if server is None:
        return recon.local()
    client = Client(server)
    client.wait_ready(15.0)
    return client


def finish(report: dict[str, Any], title: str, output: Path, card: Path | None) -> None:
    """Write ``preservation.json`` and ``.html`` and the card's table, print them, and end the command.

    Parameters
    ----------
    report
        Of a task: ``valid``, ``control``, ``conditions``, ``methods``.
    title
        Of the page.
    output
        Folder, made where there is none.
    card
        With marks to put the table between.

    Raises
    ------
    InvalidRequest
        When the card has no marks.
    typer.Exit
        Always; status 1 where the control is not what theory says.
    """
    from recon.preservation.page import card as table
    from recon.preservation.page import page

    output.mkdir(parents=True, exist_ok=True)
    write_json(output / "preservation.json", report)
    (output / "preservation.html").write_text(page(report, title))
    words = table(report)
    if card is not None and report["valid"]:
        _put(card, words)
    print(words if report["valid"] else f"INVALID: {report['control']}\n{words}")
    print(f"{output / 'preservation.json'}\n{output / 'preservation.html'}")
    raise typer.Exit(0 if report["valid"] else 1)


def _put(card: Path, table: str) -> None:
    text = card.read_text()
    if _BEGIN not in text or _END not in text:
        raise InvalidRequest(f"{card}: has no marks {_BEGIN.strip()} and {_END}")
    before, rest = text.split(_BEGIN, 1)
    card.write_text(before + _BEGIN + table + rest[rest.index(_END) :])
