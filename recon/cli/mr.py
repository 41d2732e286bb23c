"""``recon mr``: images from fastMRI or ISMRMRD k-space."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from pydicom.uid import generate_uid
from rich.console import Console

from recon.cli.progress import described, progress_bar
from recon.cli.session import connect
from recon.client import Client, Reconstructing
from recon.errors import InvalidRequest, ReconError, UnreadableInput, outcome_of
from recon.io.kspace.dicom import MrDicomSeries, write_mr_slice
from recon.io.kspace.read import read_mr
from recon.io.kspace.results import write_hdf5, write_volume
from recon.io.kspace.series import MrSeries
from recon.io.output_folder import output_folder, write_json
from recon.io.preview import mr_preview
from recon.physics.fourier import to_image
from recon.physics.sampling import calibration_size
from recon.quality.report import build_report
from recon.quality.verdict import Check, Verdict, verdict_of, worst
from recon.volumes import FloatImage

_DEFAULT = "l1-wavelet"


def mr(
    inputs: Annotated[list[Path], typer.Argument(help="k-space: fastMRI or ISMRMRD HDF5.", metavar="INPUT...")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the results.")],
    model: Annotated[str, typer.Option(help="zero-filled, sense or l1-wavelet; by default the one that fits.")] = "",
    dicom: Annotated[bool, typer.Option("--dicom", help="Also write DICOM series.")] = False,
    server: Annotated[str | None, typer.Option(help="Use the service at HOST:PORT instead of starting one.")] = None,
    tls_ca: Annotated[Path | None, typer.Option(help="CA certificate (PEM) for an encrypted connection.")] = None,
    timeout: Annotated[float, typer.Option(help="Seconds that one series may take.")] = 3600.0,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object to stdout.")] = False,
) -> None:
    """Reconstruct images from k-space; writes image, uncertainty, report.json and preview.png for every series."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    jobs, exit_code = [], 0
    reports: list[dict[str, Any]] = []
    for path in inputs:
        try:
            jobs += [(path, series) for series in read_mr(path)]
        except UnreadableInput as error:
            if len(inputs) == 1:
                raise
            console.print(f"recon: {error.problem}", markup=False)
            reports.append({"input": str(path), "status": "failed", "problem": error.problem})
            exit_code = 2
    used: set[str] = set()
    if jobs:
        with connect(server, tls_ca) as client:
            for path, series in jobs:
                name = _unused("_".join(filter(None, (path.stem, series.label))), used)
                try:
                    report = _reconstruct(client, path, series, name, output, model, dicom, timeout, console)
                except ReconError as error:
                    console.print(f"recon: {name}: {error.problem}", markup=False)
                    reports.append({"input": str(path), "status": "failed", "problem": error.problem})
                    exit_code = max(exit_code, outcome_of(error).exit_code)
                    continue
                reports.append(report)
                if report["verdict"] == Verdict.REJECT.name or report["status"] != "complete":
                    exit_code = max(exit_code, 1)
    if as_json:
        json.dump({"results": reports, "skipped": []}, sys.stdout, indent=2)
        print()
    raise typer.Exit(exit_code)


def _unused(name: str, used: set[str]) -> str:
    plain, count = name, 1
    while name in used:
        count += 1
        name = f"{plain}_{count}"
    used.add(name)
    return name


def choose(series: MrSeries, wanted: str) -> tuple[str, str]:
    """The model for a series, and why.

    Raises
    ------
    InvalidRequest
        When the wanted model can't take it.
    """
    kspace = series.kspace
    if wanted:
        return wanted, f"{wanted}: as asked"
    first = kspace.load(kspace.slices // 2)
    mask = np.any(first != 0, axis=0)
    if not mask.any():
        raise InvalidRequest("the middle slice is zero everywhere; nothing was measured")
    lines = np.flatnonzero(mask.any(axis=0))
    size = calibration_size(mask)
    words = (
        f"{_DEFAULT}: Cartesian {kspace.rows}x{kspace.columns}, {kspace.coils} coil{'s' if kspace.coils > 1 else ''}, "
        f"{len(lines)} of {kspace.columns} lines, acceleration {mask.size / mask.sum():.2f}, "
        f"calibration region {size[0]}x{size[1]}"
    )
    return _DEFAULT, words


def _reconstruct(
    client: Client, path: Path, series: MrSeries, name: str, output: Path, wanted: str, dicom: bool,
    timeout: float, console: Console,
) -> dict[str, Any]:  # fmt: skip
    model, reason = choose(series, wanted)
    console.print(f"{name}: {reason}", markup=False)
    total, rows, columns = series.shape
    middle = total // 2
    failure: ReconError | None = None
    image = np.full((total, rows, columns), np.nan, np.float32)  # slices without a result must not look like air
    uncertainty = image.copy()
    checks: list[Check] = []
    with output_folder(output, name) as folder:
        run = client.reconstruct_mr(series.kspace, model=model, timeout_s=timeout)
        with progress_bar(console) as progress:
            bar = progress.add_task(name, total=total)
            try:
                for result in run:
                    image[result.index] = series.laid_out(result.image)
                    uncertainty[result.index] = series.laid_out(result.uncertainty)
                    checks = worst([*checks, *result.checks])
                    progress.update(bar, completed=result.index + 1)
            except ReconError as error:
                failure = error
        if not run.finished:
            raise failure or UnreadableInput("the service returned no slice")
        write_hdf5(image, uncertainty, series.geometry, folder / "image.h5")
        write_volume(image, series.geometry, folder / "image.nii.gz")
        write_volume(uncertainty, series.geometry, folder / "uncertainty.nii.gz")
        if dicom:
            _write_dicom(image[: run.finished], uncertainty[: run.finished], series, run, folder)
        report = _report(path, series, run, checks, model, reason)
        write_json(folder / "report.json", report)
        shown = min(middle, run.finished - 1)
        title = f"{name}, slice {shown + 1} of {total}: {report['verdict']}. For research use."
        mr_preview(_zero_filled(series, shown), image[shown], uncertainty[shown], title, folder / "preview.png")
    if failure is not None:
        console.print(
            f"recon: {name}: {run.finished} of {total} slices are kept in {output / name}, "
            f"slices {run.finished + 1} to {total} are missing: {failure.problem}",
            markup=False,
        )
    failed = [check for check in checks if check.outcome is not Verdict.PASS]
    words = "; ".join(f"{c.name} = {c.value:.3g} {c.unit}".strip() for c in failed) or "all checks hold"
    console.print(f"{name}: {report['verdict']} ({words}) -> {output / name}", markup=False)
    return report


def _report(
    path: Path, series: MrSeries, run: Reconstructing, checks: list[Check], model: str, reason: str
) -> dict[str, Any]:
    identity = described(run)
    total = series.kspace.slices
    parameters = {"model": model, "why": reason, "coils": series.kspace.coils}
    return build_report(
        task="mr", source=str(path), verdict=verdict_of(checks), checks=checks, model=identity.model,
        interval=identity.interval, parameters=parameters, timings_ms=identity.timings_ms, slices_total=total,
        slices_missing=list(range(run.finished, total)), notes=series.notes, skipped=[],
    )  # fmt: skip


def _zero_filled(series: MrSeries, index: int) -> FloatImage:
    coils = to_image(series.kspace.load(index))
    return series.laid_out(np.sqrt((np.abs(coils) ** 2).sum(0)).astype(np.float32))


def _write_dicom(
    image: FloatImage, uncertainty: FloatImage, series: MrSeries, run: Reconstructing, folder: Path
) -> None:
    study, frame = generate_uid(), generate_uid()
    model = str(run.model)
    scale = float(image.max()) or 1.0
    made = [("image", image, 1, "RECONSTRUCTED", f"MR reconstruction from k-space, model {model}.")]
    if np.isfinite(uncertainty).all():
        words = f"Half-width of the 90 % interval around the reconstruction, model {model}."
        made.append(("uncertainty", uncertainty, 2, "UNCERTAINTY", words))
    for name, values, number, kind, words in made:
        shared = MrDicomSeries(
            f"{name} {series.label}".strip(), f"{words} For research use.", model, series.geometry, number, kind,
            study, frame,
        )  # fmt: skip
        (folder / name).mkdir()
        for index, plane in enumerate(values):
            write_mr_slice(plane, shared, index, scale, folder / name / f"{index + 1:04d}.dcm")
