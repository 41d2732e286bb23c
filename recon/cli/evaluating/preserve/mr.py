"""``recon evaluate preserve mr``: images from under-sampled k-space."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from recon.cli.preservation import finish, models
from recon.errors import InvalidRequest
from recon.values.readouts import KSpace, Readouts
from recon.volumes import Geometry

if TYPE_CHECKING:
    from recon.arrays import ComplexArray, FloatArray, Mask
    from recon.client.calls import Calls
    from recon.preservation.subject import Reconstruction

_CLASSICAL = ("sense", "l1-wavelet")


def mr(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for preservation.json and .html.")],
    volume: Annotated[Path | None, typer.Option(help="Head, NIfTI, scanned by simulation.")] = None,
    kspace: Annotated[Path | None, typer.Option(help="Or fully sampled k-space: fastMRI or ISMRMRD.")] = None,
    slices: Annotated[int, typer.Option(min=1, help="Of either.")] = 6,
    acceleration: Annotated[list[int], typer.Option(min=2, help="Of regular columns; may be repeated.")] = [4, 8],  # noqa: B006
    calibration: Annotated[int, typer.Option(min=12, help="Columns of the centre that are measured.")] = 24,
    coils: Annotated[int, typer.Option(min=1, help="Of the simulated array.")] = 8,
    noise: Annotated[float, typer.Option(min=0.001, help="Simulated, of a coil over the bright pixels.")] = 0.011,
    model: Annotated[list[str] | None, typer.Option(help="The service's; may be given more than once.")] = None,
    server: Annotated[str | None, typer.Option(help="Use the service at HOST:PORT instead of models here.")] = None,
    classical: Annotated[bool, typer.Option(help="CG-SENSE and L1-wavelet beside it.")] = True,
    realisations: Annotated[int, typer.Option(min=2, help="Of lesions, noise and mask, of each slice.")] = 8,
    quick: Annotated[bool, typer.Option(help="Two realisations, one R; a made-up head, where none is named.")] = False,
    seed: Annotated[int, typer.Option(help="Of places, noise and masks.")] = 0,
    card: Annotated[Path | None, typer.Option(help="Card with the marks PRESERVATION, to put the table into.")] = None,
) -> None:
    """Plaques kept, lost and false, points resolved, brain fraction, two dates subtracted, intervals."""
    from recon.preservation.undersampled import measure_all
    from recon.training.mr import preserve

    if (volume is None) == (kspace is None) and not (quick and volume is None):
        raise InvalidRequest(
            "name a head with --volume or whole k-space with --kspace, or say --quick for a made-up one"
        )
    count = min(realisations, 2) if quick else realisations
    if volume is not None:
        subjects = preserve.of_volume(volume, slices, coils, noise, seed)
        words = f"{coils} simulated coils, noise {100 * noise:g} % of the bright pixels"
    elif kspace is not None:
        subjects = preserve.of_kspace(kspace, slices)
        words = f"its own {len(subjects[0].maps)} coils, its own noise and as much again"
    else:
        subjects = [preserve.made_up()]
        words = f"{len(subjects[0].maps)} simulated coils, noise 1.1 % of the bright pixels"
    factors = acceleration[:1] if quick else acceleration
    with models(server) as calls:
        names = [*(model or ["mr_unrolled"]), *(_CLASSICAL if classical and not quick else ())]
        found = measure_all(
            subjects,
            {name: _served(calls, name) for name in names},
            accelerations=factors,
            calibration=calibration,
            realisations=count,
            seed=seed,
        )
    rows, columns = subjects[0].image.shape
    source = (volume or kspace or Path("a made-up head")).name
    conditions = (
        f"{len(subjects)} slices of {source}, matrix {rows} x {columns}, {words}; regular columns "
        f"({', '.join(f'R {factor}' for factor in factors)}) and {calibration} in the centre, at random offsets; "
        f"{count} realisations of each slice, {found['places']} plaques, {found['pairs']} pairs of points, seed {seed}"
    )
    report = {
        "task": "mr",
        "inputs": [subject.name for subject in subjects],
        "conditions": conditions,
        "accelerations": factors,
        "calibration": calibration,
        "seed": seed,
        "realisations": count,
        **found,
    }
    finish(report, "What is kept: MR from under-sampled k-space", output, card)


def _served(calls: Calls, model: str) -> Reconstruction:
    def reconstruct(kspaces: Sequence[ComplexArray], masks: Sequence[Mask]) -> tuple[FloatArray, FloatArray | None]:
        coils, rows, columns = kspaces[0].shape

        def load(index: int) -> Readouts:
            return Readouts.of_grid(kspaces[index], masks[index])

        scan = KSpace(len(kspaces), coils, rows, columns, Geometry.from_spacing(1.0, 1.0, 3.0), load)
        results = sorted(calls.run("mr", scan, model=model, probes="off"), key=lambda result: result.index)
        return np.stack([r.image for r in results]), np.stack([r.uncertainty for r in results])

    return reconstruct


COMMANDS = {"mr": mr}
