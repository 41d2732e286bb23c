"""``recon evaluate preserve contrast``: the full dose synthesised from part of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from recon.cli.preservation import finish, models
from recon.errors import InvalidRequest
from recon.quality.verdict import Verdict
from recon.volumes import Geometry, Unit, Volume

if TYPE_CHECKING:
    from recon.arrays import FloatArray
    from recon.client.calls import Calls
    from recon.preservation.uptake import Millimetres, Synthesis


def contrast(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for preservation.json and .html.")],
    pre: Annotated[
        list[Path] | None, typer.Option(help="T1 before contrast, NIfTI; may be repeated, voxels of one size.")
    ] = None,
    full: Annotated[list[Path] | None, typer.Option(help="Scan after a full dose of each, same order.")] = None,
    matching: Annotated[str, typer.Option(help="How a pair is brought to one scale: equal, common, local.")] = "equal",
    noise: Annotated[float, typer.Option(min=0.0, help="Over the 99th percentile of the pre scan.")] = 0.01,
    dose_fraction: Annotated[float, typer.Option(min=0.05, max=0.5, help="Dose given over the full dose.")] = 0.1,
    strength: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of the network's result.")] = 1.0,
    slices: Annotated[int, typer.Option(min=20, help="Of the middle of each head.")] = 80,
    model: Annotated[list[str] | None, typer.Option(help="The service's; may be given more than once.")] = None,
    server: Annotated[str | None, typer.Option(help="Use the service at HOST:PORT instead of models here.")] = None,
    classical: Annotated[bool, typer.Option(help="The difference smoothed, and non-local means, beside it.")] = True,
    realisations: Annotated[int, typer.Option(min=1, help="Of the noise of each pair.")] = 6,
    quick: Annotated[bool, typer.Option(help="Few realisations; a made-up head, where no pair is named.")] = False,
    seed: Annotated[int, typer.Option(help="Of places and noise.")] = 0,
    card: Annotated[Path | None, typer.Option(help="Card with the marks PRESERVATION, to put the table into.")] = None,
) -> None:
    """Balls that enhance: contrast kept, found, volume and intervals, by size and enhancement."""
    from recon.preservation.reduced_agent import measure_all
    from recon.training.contrast import preserve

    if not pre and not full and not quick:
        raise InvalidRequest("name pairs of scans with --pre and --full, or say --quick for a made-up one")
    pairs = preserve.pairs_of(pre or [], full or [], matching, slices) if pre or full else [preserve.made_up()]
    lesions = preserve.lesions(quick)
    count = min(realisations, 2) if quick else realisations
    with models(server) as calls:
        spacing = pairs[0].spacing_mm
        methods = {name or "recon": _served(calls, name, dose_fraction, strength, spacing) for name in model or [""]}
        if classical:
            methods |= preserve.classical(pairs[0], noise, dose_fraction, non_local=not quick)
        found = measure_all(
            pairs,
            methods,
            lesions=lesions,
            realisations=count,
            noise=noise,
            dose_fraction=dose_fraction,
            seed=seed,
        )
    conditions = (
        f"{', '.join(pair.name for pair in pairs)} ({len(pairs[0].pre)} slices, matched {matching}), "
        f"{100 * dose_fraction:g} % of the dose simulated, noise {100 * noise:g} %, balls in percent of the 99th "
        f"percentile of the scan before contrast, {found['places']} places, strength {strength:g}, "
        f"{count} realisations, seed {seed}"
    )
    report = {
        "task": "contrast",
        "inputs": [pair.name for pair in pairs],
        "conditions": conditions,
        "matching": matching,
        "noise": noise,
        "dose_fraction": dose_fraction,
        "strength": strength,
        "seed": seed,
        "realisations": count,
        **found,
    }
    finish(report, "What is kept: contrast from part of the dose", output, card)


def _served(calls: Calls, model: str, dose_fraction: float, strength: float, spacing_mm: Millimetres) -> Synthesis:
    depth, row, column = spacing_mm
    geometry = Geometry.from_spacing(column, row, depth)

    def synthesise(pre: FloatArray, low: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        scans = (Volume(np.array(scan, np.float32), geometry, Unit.ARBITRARY) for scan in (pre, low))
        run = calls.run("contrast", *scans, model=model, dose_fraction=dose_fraction, strength=strength, probes="off")
        results = list(run)
        if run.verdict is Verdict.REJECT:
            raise InvalidRequest(
                f"the service rejects the pair: {next(c for c in run.checks if c.outcome is run.verdict)}"
            )
        return np.stack([r.image for r in results]), np.stack([r.uncertainty for r in results])

    return synthesise


COMMANDS = {"contrast": contrast}
