"""``recon simulate ct``: a reduced-dose scan from a full-dose one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.progress import track

from recon.errors import UnreadableInput
from recon.io.dicom import find_files, read_series, simulated_series, write_slice
from recon.io.nifti import is_nifti, read_nifti, stem, write_nifti
from recon.io.output_folder import output_folder, result_path, write_json
from recon.quality.report import SOFTWARE


def ct(
    source: Annotated[Path, typer.Argument(help="Full-dose CT: DICOM folder or file, or NIfTI in HU.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the results.")],
    dose_fraction: Annotated[float, typer.Option(help="Share of the dose that is left.")] = 0.25,
    full_dose_noise: Annotated[
        float | None,
        typer.Option(help="Noise of the full-dose scan in soft tissue, HU; measured by default."),
    ] = None,
    kernel_cutoff: Annotated[float, typer.Option(help="Cut-off of the kernel, cycles per mm.")] = 0.41,
    seed: Annotated[int, typer.Option(help="Of the noise.")] = 0,
) -> None:
    """Insert the noise of a lower dose, made in the projections, into full-dose images."""
    from recon.physics.reconstruction_kernel import Kernel
    from recon.training.ct.simulate import fit_scanner, low_dose_slices

    nifti = read_nifti(source) if is_nifti(source) else None
    if nifti is not None:
        name, volume, series = stem(source), nifti.volume, None
    else:
        found, skipped = read_series(find_files([source]))
        if len(found) != 1:
            reasons = "; ".join(sorted({item.reason for item in skipped}))
            raise UnreadableInput(f"{source}: holds {len(found)} CT series, one is needed ({reasons})")
        name, volume, series = source.stem, found[0].volume, found[0]
    scanner = fit_scanner(volume, full_dose_noise, Kernel(kernel_cutoff), seed)
    slices = track(low_dose_slices(volume, scanner, dose_fraction, seed), total=volume.shape[0], description="slices")
    with output_folder(result_path(output, name)) as folder:
        if series is not None:
            derived = simulated_series(dose_fraction)
            (folder / "image").mkdir()
            for index, plane in enumerate(slices):
                path = folder / "image" / f"{index + 1:04d}.dcm"
                write_slice(plane, series.sources[index], derived, index + 1, path)
        else:
            assert nifti is not None
            write_nifti(np.stack(list(slices)), nifti, folder / "image.nii.gz")
        write_json(
            folder / "simulation.json",
            {
                "software": SOFTWARE,
                "input": str(source),
                "dose_fraction": dose_fraction,
                "photons_full_dose": scanner.exposure.photons,
                "kernel_cutoff_per_mm": kernel_cutoff,
                "seed": seed,
            },
        )
    print(f"{output / name}")


COMMANDS = {"ct": ct}
