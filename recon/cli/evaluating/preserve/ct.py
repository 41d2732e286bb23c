"""``recon evaluate preserve ct``: low-dose CT."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from recon.cli.preservation import finish, models
from recon.errors import InvalidRequest
from recon.volumes import Geometry, Volume

if TYPE_CHECKING:
    from recon.arrays import FloatArray
    from recon.client.calls import Calls
    from recon.preservation.trial import Denoiser


def ct(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for preservation.json, .html and probes.png.")],
    low: Annotated[
        list[Path] | None, typer.Option(help="Low-dose CT; may be repeated, with pixels of one size.")
    ] = None,
    full: Annotated[list[Path] | None, typer.Option(help="The full-dose CT of each, in the same order.")] = None,
    model: Annotated[list[str] | None, typer.Option(help="The service's; may be given more than once.")] = None,
    strength: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of the noise to remove.")] = 1.0,
    server: Annotated[str | None, typer.Option(help="Use the service at HOST:PORT instead of models here.")] = None,
    classical: Annotated[bool, typer.Option(help="Total variation and BM3D beside it.")] = True,
    realisations: Annotated[int, typer.Option(min=2, help="Of the noise of each scan.")] = 12,
    quick: Annotated[bool, typer.Option(help="Few realisations; a made-up body, where no pair is named.")] = False,
    seed: Annotated[int, typer.Option(help="Of places and noise.")] = 0,
    card: Annotated[Path | None, typer.Option(help="Card with the marks PRESERVATION, to put the table into.")] = None,
) -> None:
    """Sharpness by contrast, contrast kept, detectability, noise texture, HU bias, intervals inside lesions."""
    from recon.preservation.low_dose import measure_all
    from recon.training.ct import preserve

    if not low and not full and not quick:
        raise InvalidRequest("name pairs of scans with --low and --full, or say --quick for a made-up one")
    pairs = preserve.pairs_of(low or [], full or []) if low or full else preserve.made_up()
    count = min(realisations, 8) if quick else realisations
    with models(server) as calls:
        denoisers = {name or "recon": _served(calls, name, strength, pairs[0].spacing_mm) for name in model or [""]}
        if classical:
            denoisers |= preserve.classical(pairs, block_matching=not quick)
        output.mkdir(parents=True, exist_ok=True)
        preserve.picture(pairs, next(iter(denoisers.values())), output / "probes.png")
        found = measure_all(pairs, denoisers, realisations=count, blur_mm=preserve.BLUR_MM, seed=seed)
    conditions = (
        f"{len(pairs)} slices at strength {strength:g}, {count} realisations of the noise of each, seed {seed}; "
        f"{found['places']['anatomy']} places in anatomy, {found['places']['phantom']} in a uniform body"
    )
    report = {
        "task": "ct",
        "inputs": [pair.name for pair in pairs],
        "conditions": conditions,
        "strength": strength,
        "seed": seed,
        "realisations": count,
        "blur_mm": round(preserve.BLUR_MM, 3),
        **found,
    }
    finish(report, "What is kept: low-dose CT", output, card)


def _served(calls: Calls, model: str, strength: float, spacing_mm: float) -> Denoiser:
    def denoise(stack: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        volume = Volume(np.ascontiguousarray(stack, np.float32), Geometry.from_spacing(spacing_mm, spacing_mm, 3.0))
        results = list(calls.run("ct", volume, model=model, strength=strength, probes="off"))
        return np.stack([r.image for r in results]), np.stack([r.uncertainty for r in results])

    return denoise


COMMANDS = {"ct": ct}
