"""``recon simulate mr``: raw data of a scan that never was."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recon.errors import InvalidRequest


def mr(
    image: Annotated[Path, typer.Argument(help="Magnitude images: NIfTI.", metavar="IMAGE.nii.gz")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the raw data and the truth.")],
    encoding: Annotated[str, typer.Option(help="cartesian, radial or spiral.")] = "cartesian",
    acceleration: Annotated[float, typer.Option(help="Lines of a full scan over those acquired.")] = 4.0,
    mask: Annotated[str, typer.Option(help="equispaced, random or poisson.")] = "equispaced",
    calibration: Annotated[int, typer.Option(help="Fully sampled lines in the centre.")] = 24,
    partial_fourier: Annotated[float, typer.Option(help="Share of the phase encoding that is acquired.")] = 1.0,
    coils: Annotated[int, typer.Option(help="Receive coils.")] = 8,
    noise: Annotated[float, typer.Option(help="Noise of a coil over the mean signal.")] = 0.02,
    phase: Annotated[float, typer.Option(help="Largest phase of the object, radians.")] = 1.0,
    trajectory_error: Annotated[float, typer.Option(help="Gradient delays, samples (standard deviation).")] = 0.0,
    slices: Annotated[int, typer.Option(help="Slices about the middle of the volume.")] = 1,
    seed: Annotated[int, typer.Option(help="Of all that is random.")] = 0,
) -> None:
    """Write the scan as fastMRI and ISMRMRD, each where its layout can hold it, and the truth beside them."""
    from recon.training.mr.raw_files import write_fastmri, write_ismrmrd, write_truth
    from recon.training.mr.simulate import ScanProtocol, simulate
    from recon.training.mr.source import read_slices

    protocol = ScanProtocol(
        encoding, acceleration, mask, calibration, partial_fourier, coils, noise, phase, trajectory_error, seed
    )
    scan = simulate(read_slices(image, slices), protocol)
    output.mkdir(parents=True, exist_ok=True)
    stem = image.name.split(".")[0]
    written = []
    for suffix, write in (("fastmri", write_fastmri), ("ismrmrd", write_ismrmrd)):
        path = output / f"{stem}_{suffix}.h5"
        try:
            write(scan, path)
        except InvalidRequest as error:
            typer.echo(f"not written as {suffix}: {error.problem}", err=True)
            continue
        written.append(path)
    write_truth(scan, output / f"{stem}_truth.h5")
    for path in [*written, output / f"{stem}_truth.h5"]:
        typer.echo(str(path))


COMMANDS = {"mr": mr}
