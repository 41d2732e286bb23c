"""``recon evaluate preserve``: what a model keeps of what radiologists look for, beside the classical methods."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from recon.cli.session import connect
from recon.errors import InvalidRequest
from recon.io.output_folder import write_json
from recon.volumes import Geometry, Volume

if TYPE_CHECKING:
    from recon.arrays import FloatArray
    from recon.client import Client
    from recon.preservation.trial import Denoiser

_BEGIN, _END = "<!-- PRESERVATION -->\n", "<!-- /PRESERVATION -->"


def preserve(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for preservation.json, .html and probes.png.")],
    low: Annotated[list[Path] | None, typer.Option(help="Low-dose CT; may be given more than once.")] = None,
    full: Annotated[list[Path] | None, typer.Option(help="The full-dose CT of each, in the same order.")] = None,
    model: Annotated[list[str] | None, typer.Option(help="The service's; may be given more than once.")] = None,
    strength: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of the noise to remove.")] = 1.0,
    server: Annotated[str | None, typer.Option(help="Use the service at HOST:PORT instead of starting one.")] = None,
    classical: Annotated[bool, typer.Option(help="Total variation and BM3D beside it.")] = True,
    realisations: Annotated[int, typer.Option(min=2, help="Of the noise of each scan.")] = 12,
    quick: Annotated[bool, typer.Option(help="A made-up body and few realisations, where no pair is named.")] = False,
    seed: Annotated[int, typer.Option(help="Of places and noise.")] = 0,
    card: Annotated[Path | None, typer.Option(help="Card with the marks PRESERVATION, to put the table into.")] = None,
) -> None:
    """Sharpness by contrast, contrast kept, detectability, noise texture, HU bias, intervals inside lesions."""
    from recon.preservation.low_dose import measure_all
    from recon.preservation.page import card as table
    from recon.preservation.page import page
    from recon.training.ct import preserve as ct

    if not low and not full and not quick:
        raise InvalidRequest("name pairs of scans with --low and --full, or say --quick for a made-up one")
    pairs = ct.pairs_of(low or [], full or []) if low or full else ct.made_up()
    count = min(realisations, 8) if quick else realisations
    with connect(server, tasks=["ct"]) as client:
        denoisers = {name or "recon": _served(client, name, strength, pairs[0].spacing_mm) for name in model or [""]}
        if classical:
            denoisers |= ct.classical(pairs, block_matching=not quick)
        output.mkdir(parents=True, exist_ok=True)
        ct.picture(pairs[0], next(iter(denoisers.values())), output / "probes.png")
        found = measure_all(pairs, denoisers, realisations=count, blur_mm=ct.BLUR_MM, seed=seed)
    report = {
        "task": "ct",
        "inputs": [pair.name for pair in pairs],
        "strength": strength,
        "seed": seed,
        "realisations": count,
        "blur_mm": round(ct.BLUR_MM, 3),
        **found,
    }
    write_json(output / "preservation.json", report)
    (output / "preservation.html").write_text(page(report, "What is kept: low-dose CT"))
    words = table(report)
    if card is not None:
        _put(card, words)
    print(words if report["valid"] else f"INVALID: {report['control']}\n{words}")
    print(f"{output / 'preservation.json'}\n{output / 'preservation.html'}")
    raise typer.Exit(0 if report["valid"] else 1)


def _served(client: Client, model: str, strength: float, spacing_mm: float) -> Denoiser:
    def denoise(stack: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        volume = Volume(np.ascontiguousarray(stack, np.float32), Geometry.from_spacing(spacing_mm, spacing_mm, 3.0))
        results = list(client.run("ct", volume, model=model, strength=strength, probes="off"))
        return np.stack([r.image for r in results]), np.stack([r.uncertainty for r in results])

    return denoise


def _put(card: Path, table: str) -> None:
    """Between the marks of a card.

    Raises
    ------
    InvalidRequest
        When it has none.
    """
    text = card.read_text()
    if _BEGIN not in text or _END not in text:
        raise InvalidRequest(f"{card}: has no marks {_BEGIN.strip()} and {_END}")
    before, rest = text.split(_BEGIN, 1)
    card.write_text(before + _BEGIN + table + rest[rest.index(_END) :])


COMMANDS = {"preserve": preserve}
