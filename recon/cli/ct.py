"""``recon ct``: denoise low-dose CT from DICOM or NIfTI."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Protocol

import numpy as np
import typer
from rich.console import Console

from recon.cli.progress import described, progress_bar
from recon.cli.session import connect
from recon.client import Client, CtSlice, Denoising
from recon.errors import ReconError, UnreadableInput, outcome_of
from recon.io.dicom import CtSeries, denoised_series, find_files, read_series, uncertainty_series, write_slice
from recon.io.nifti import NiftiVolume, is_nifti, read_nifti, stem, write_nifti
from recon.io.output_folder import output_folder, write_json
from recon.io.preview import ct_preview
from recon.quality.report import build_report
from recon.quality.verdict import Check, Verdict, measure, verdict_of, worst
from recon.volumes import FloatImage, Volume


class _Sink(Protocol):
    """Where the slices of one input go."""

    def put(self, result: CtSlice) -> None: ...

    def close(self, total: int) -> None: ...


@dataclass
class _Job:
    """One series or volume to denoise."""

    name: str
    source: str
    volume: Volume
    original: CtSeries | NiftiVolume
    notes: list[str] = field(default_factory=list)


@dataclass
class _DicomSink:
    series: CtSeries
    folder: Path
    model: str
    strength: float

    def __post_init__(self) -> None:
        (self.folder / "image").mkdir()
        (self.folder / "uncertainty").mkdir()
        self._image = denoised_series(self.model, self.strength)
        self._uncertainty = uncertainty_series(self.model)

    def put(self, result: CtSlice) -> None:
        source, name = self.series.sources[result.index], f"{result.index + 1:04d}.dcm"
        write_slice(result.image, source, self._image, result.index + 1, self.folder / "image" / name)
        target = self.folder / "uncertainty" / name
        write_slice(result.uncertainty, source, self._uncertainty, result.index + 1, target)

    def close(self, total: int) -> None:
        pass


@dataclass
class _NiftiSink:
    original: NiftiVolume
    folder: Path

    def __post_init__(self) -> None:
        shape = self.original.volume.shape
        self._image, self._uncertainty = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        self._done = 0

    def put(self, result: CtSlice) -> None:
        self._image[result.index] = result.image
        self._uncertainty[result.index] = result.uncertainty
        self._done = result.index + 1

    def close(self, total: int) -> None:
        # slices without a result must not look like air
        self._image[self._done :] = np.nan
        self._uncertainty[self._done :] = np.nan
        write_nifti(self._image, self.original, self.folder / "image.nii.gz")
        write_nifti(self._uncertainty, self.original, self.folder / "uncertainty.nii.gz")


def ct(
    inputs: Annotated[
        list[Path], typer.Argument(help="DICOM files or folders, or NIfTI files in HU.", metavar="INPUT...")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the results.")],
    strength: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of the noise to remove.")] = 1.0,
    model: Annotated[str, typer.Option(help="Model to use; by default the service chooses.")] = "",
    server: Annotated[str | None, typer.Option(help="Use the service at HOST:PORT instead of starting one.")] = None,
    tls_ca: Annotated[Path | None, typer.Option(help="CA certificate (PEM) for an encrypted connection.")] = None,
    timeout: Annotated[float, typer.Option(help="Seconds that one series may take.")] = 3600.0,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object to stdout.")] = False,
) -> None:
    """Denoise low-dose CT; writes image, uncertainty, report.json and preview.png for every series."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    jobs, skipped = _jobs(inputs)
    for item in skipped:
        console.print(f"skipped {item['path']}: {item['reason']}", markup=False)
    if not jobs:
        reasons = sorted({item["reason"] for item in skipped})
        raise UnreadableInput(f"no CT series in {', '.join(map(str, inputs))}: {'; '.join(reasons) or 'no files'}")
    reports: list[dict[str, Any]] = []
    exit_code = 1 if any("truncated" in item["reason"] or "decoded" in item["reason"] for item in skipped) else 0
    with connect(server, tls_ca) as client:
        for job in jobs:
            try:
                report = _denoise(client, job, output, strength, model, timeout, skipped, console)
            except ReconError as error:
                console.print(f"recon: {job.name}: {error.problem}", markup=False)
                reports.append({"input": job.source, "status": "failed", "problem": error.problem})
                exit_code = max(exit_code, outcome_of(error).exit_code)
                continue
            reports.append(report)
            if report["verdict"] == Verdict.REJECT.name or report["status"] != "complete":
                exit_code = max(exit_code, 1)
    if as_json:
        json.dump({"results": reports, "skipped": skipped}, sys.stdout, indent=2)
        print()
    raise typer.Exit(exit_code)


def _jobs(inputs: list[Path]) -> tuple[list[_Job], list[dict[str, str]]]:
    nifti = [path for path in inputs if is_nifti(path)]
    others = [path for path in inputs if not is_nifti(path)]
    jobs = []
    for path in nifti:
        loaded = read_nifti(path)
        jobs.append(_Job(stem(path), str(path), loaded.volume, loaded))
    files = find_files(others)
    inner = [path for path in files if is_nifti(path)]
    series, left_out = read_series(path for path in files if not is_nifti(path))
    for path in inner:
        loaded = read_nifti(path)
        jobs.append(_Job(stem(path), str(path), loaded.volume, loaded))
    base = others[0].stem if len(others) == 1 and others[0].is_file() else others[0].name if others else ""
    base = base or "series"
    for item in series:
        name = base if len(series) == 1 else f"{base}_{item.number}"
        jobs.append(_Job(name, ", ".join(map(str, others)), item.volume, item, item.notes))
    used: set[str] = set()
    for job in jobs:
        plain, count = job.name, 1
        while job.name in used:
            count += 1
            job.name = f"{plain}_{count}"
        used.add(job.name)
    return jobs, [{"path": item.path, "reason": item.reason} for item in left_out]


def _denoise(
    client: Client, job: _Job, output: Path, strength: float, model: str, timeout: float,
    skipped: list[dict[str, str]], console: Console,
) -> dict[str, Any]:  # fmt: skip
    total = job.volume.shape[0]
    middle = total // 2
    failure: ReconError | None = None
    with output_folder(output, job.name) as folder:
        run = client.denoise_ct(job.volume, strength=strength, model=model, name="", timeout_s=timeout)
        sink: _Sink | None = None
        checks: list[Check] = []
        shown: CtSlice | None = None
        with progress_bar(console) as progress:
            bar = progress.add_task(job.name, total=total)
            try:
                for result in run:
                    sink = sink or _sink(job, folder, str(run.model), strength)
                    sink.put(result)
                    checks = worst([*checks, *result.checks])
                    if result.index <= middle:
                        shown = result
                    progress.update(bar, completed=result.index + 1)
            except ReconError as error:
                failure = error
        if sink is None or shown is None:
            raise failure or UnreadableInput("the service returned no slice")
        sink.close(total)
        checks += _series_checks(job)
        missing = list(range(run.finished, total))
        report = _report(job, run, checks, missing, strength, skipped)
        write_json(folder / "report.json", report)
        _preview(job.volume, shown, report["verdict"], job.name, folder)
    if failure is not None:
        console.print(
            f"recon: {job.name}: {run.finished} of {total} slices are kept in {output / job.name}, "
            f"slices {run.finished + 1} to {total} are missing: {failure.problem}",
            markup=False,
        )
    failed = [check for check in checks if check.outcome is not Verdict.PASS]
    words = "; ".join(f"{c.name} = {c.value:.3g} {c.unit}".strip() for c in failed) or "all checks hold"
    console.print(f"{job.name}: {report['verdict']} ({words}) -> {output / job.name}", markup=False)
    return report


def _sink(job: _Job, folder: Path, model: str, strength: float) -> _Sink:
    if isinstance(job.original, CtSeries):
        return _DicomSink(job.original, folder, model, strength)
    return _NiftiSink(job.original, folder)


def _series_checks(job: _Job) -> list[Check]:
    gaps = sum(note.startswith("slices missing") for note in job.notes)
    if not isinstance(job.original, CtSeries):
        return []
    return [measure("series_gaps", float(gaps), unit="", upper=0.0, message="places where slices are missing")]


def _report(
    job: _Job, run: Denoising, checks: list[Check], missing: list[int], strength: float,
    skipped: list[dict[str, str]],
) -> dict[str, Any]:  # fmt: skip
    identity = described(run)
    return build_report(
        task="ct", source=job.source, verdict=verdict_of(checks), checks=checks, model=identity.model,
        interval=identity.interval, parameters={"strength": strength}, timings_ms=identity.timings_ms,
        slices_total=job.volume.shape[0], slices_missing=missing, notes=job.notes, skipped=skipped,
    )  # fmt: skip


def _preview(volume: Volume, shown: CtSlice, verdict: str, name: str, folder: Path) -> None:
    low: FloatImage = volume.values[shown.index]
    title = f"{name}, slice {shown.index + 1} of {volume.shape[0]}: {verdict}. For research use."
    ct_preview(low, shown.image, shown.uncertainty, title, folder / "preview.png")
