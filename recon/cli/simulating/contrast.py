"""``recon simulate contrast``: scans before and after a reduced dose, from a full-dose pair or from anatomy alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from recon.io.nifti import read_nifti, stem, write_nifti
from recon.io.output_folder import output_folder, result_path, write_json
from recon.quality.report import SOFTWARE


def contrast(
    pre: Annotated[Path, typer.Argument(help="T1 scan before contrast, NIfTI.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the results.")],
    full: Annotated[
        Path | None, typer.Option(help="The scan after a full dose, in the same voxels; uptake is invented without it.")
    ] = None,
    dose_fraction: Annotated[float, typer.Option(min=0.01, max=1.0, help="Dose given over the full dose.")] = 0.1,
    noise: Annotated[
        float, typer.Option(min=0.0, help="Of both scans, over the 99th percentile of the pre scan.")
    ] = 0.01,
    gain: Annotated[float, typer.Option(help="Intensity of the second scan over the first.")] = 1.0,
    bias: Annotated[float, typer.Option(min=0.0, help="Slow change of gain between the scans.")] = 0.0,
    shift: Annotated[float, typer.Option(help="Motion between the scans, voxels along the rows.")] = 0.0,
    shading: Annotated[float, typer.Option(min=0.0, help="Coil shading of both scans.")] = 0.0,
    matching: Annotated[
        str, typer.Option(help="How the two scans are brought to one scale: equal, common, local.")
    ] = "equal",
    seed: Annotated[int, typer.Option(help="Of noise and invented uptake.")] = 0,
) -> None:
    """Write pre.nii.gz, low.nii.gz and full.nii.gz (without noise), every source of error switchable."""
    from recon.training.contrast.anatomy import matching_of, scene_of
    from recon.training.contrast.simulate import PairErrors, simulate_pair

    given = read_nifti(pre)
    after = read_nifti(full).volume.values if full is not None else None
    rng = np.random.default_rng(seed)
    clean, enhancement, scale = scene_of(given.volume.values, after, matching_of(matching), rng)
    errors = PairErrors(
        noise, noise, gain, bias, (0.0, shift, 0.0), shading, bool((given.volume.values == 0).mean() > 0.2)
    )
    made = simulate_pair(clean, enhancement, dose_fraction, errors, rng)
    with output_folder(result_path(output, stem(pre))) as folder:
        for name, values in (("pre", made.pre), ("low", made.low), ("full", made.full)):
            write_nifti(np.asarray(values * scale, np.float32), given, folder / f"{name}.nii.gz")
        parameters = {
            "dose_fraction": dose_fraction,
            "noise": noise,
            "gain": gain,
            "bias": bias,
            "shift_voxels": shift,
            "shading": shading,
            "matching": matching if full else "invented uptake",
            "seed": seed,
        }
        inputs = {"pre": str(pre), "full": str(full) if full else None}
        write_json(folder / "simulation.json", {"software": SOFTWARE, **inputs, **parameters})
    print(f"{output / stem(pre)}")


COMMANDS = {"contrast": contrast}
