"""Small results as the product writes them, with everything that a page must show, and everything that can be wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from recon.io.dicom import denoised_series, find_files, scan, uncertainty_series, write_slice
from recon.io.nifti import read_nifti, write_nifti
from recon.io.output_folder import write_json
from recon.quality.report import build_report
from recon.quality.survival import Lesion, Survival
from recon.quality.verdict import Check, Verdict, measure, verdict_of
from tests.conftest import body, head

HOSTILE = "<img src=x onerror=\"document.title='broken in'\"><script>document.title='broken in'</script>"


def write_source(folder: Path, slices: int, size: int = 96, *, patient: str = "Test^Patient", **header: str) -> Path:
    """A CT series of noisy bodies; the lesion is in the middle slices only."""
    folder.mkdir(parents=True)
    study, series = generate_uid(), generate_uid()
    plain = [body(size, 25, seed) for seed in range(min(slices, 8))]
    for index in range(slices):
        data = Dataset()
        data.file_meta = FileMetaDataset()
        data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = CTImageStorage
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        data.PatientName, data.PatientID, data.Modality = patient, "T1", "CT"
        data.ImageType, data.SeriesDescription, data.SeriesNumber = ["ORIGINAL", "PRIMARY", "AXIAL"], "ABDOMEN", 3
        data.StudyInstanceUID, data.SeriesInstanceUID, data.FrameOfReferenceUID = study, series, study + ".9"
        data.StudyDate, data.StudyTime = header.get("date", "20260105"), "120000"
        data.Manufacturer, data.ManufacturerModelName = header.get("manufacturer", "Acme"), header.get("model", "One")
        data.ProtocolName = header.get("protocol", "Abdomen low dose")
        data.ImageOrientationPatient, data.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [-50.0, -60.0, 3.0 * index]
        data.PixelSpacing, data.SliceThickness = [0.8, 0.8], 3.0
        data.Rows = data.Columns = size
        data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
        data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
        data.RescaleSlope, data.RescaleIntercept, data.RescaleType = 1, -1024, "HU"
        data.PixelData = np.clip(np.rint(plain[index % len(plain)] + 1024), 0, 4095).astype("<u2").tobytes()
        data.save_as(folder / f"{index:04d}.dcm", enforce_file_format=True)
    return folder


def checks_of(noise: float = 25.0, uncertainty: float = 12.0) -> list[Check]:
    """Two checks of CT."""
    return [
        measure(
            "noise_level",
            noise,
            unit="HU",
            lower=2,
            upper=60,
            message="noise of the input in soft tissue",
            action="look",
        ),
        measure(
            "mean_uncertainty",
            uncertainty,
            unit="HU",
            upper=20,
            message="mean half-width in soft tissue",
            action="look",
        ),
    ]


def report_of(
    source: str,
    slices: int,
    checks: list[Check],
    *,
    task: str = "ct",
    failing: dict[str, list[int]] | None = None,
    missing: list[int] | None = None,
    verdict: Verdict | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """A report as jobs write it."""
    report = build_report(
        task=task,
        source=source,
        verdict=verdict or verdict_of(checks),
        checks=checks,
        model={"name": "ct_denoise", "version": "3", "sha256": "ab" * 32, "software_version": "0.1.0"},
        interval={"coverage": 0.9, "conformal_factor": 1.09},
        parameters={"strength": 1.0},
        timings_ms={"total": 1234.5, "model": 900.0},
        slices_total=slices,
        slices_missing=missing or [],
        slices_failing=failing or {},
        notes=["a note"],
        skipped=[],
        probes=[],
        comparability={},
    )
    return {**report, **changes}


def ct_dicom(
    parent: Path,
    name: str,
    slices: int = 6,
    size: int = 96,
    *,
    checks: list[Check] | None = None,
    without: tuple[int, ...] = (),
    widest: int = 2,
    source: Path | None = None,
    header: dict[str, str] | None = None,
    **report: Any,
) -> Path:
    """A denoised series beside its source; the interval is widest in slice ``widest``, row 40, column 30."""
    given = source or write_source(parent.parent / f"source_{name}", slices, size, **(header or {}))
    folder = parent / name
    for part in ("image", "uncertainty"):
        (folder / part).mkdir(parents=True)
    (series,) = scan(find_files([given])).series
    made, doubt = denoised_series("ct_denoise:3", 1.0), uncertainty_series("ct_denoise:3")
    rows = np.mgrid[0:size, 0:size][0]
    for index, record in enumerate(series.records):
        if index in without:
            continue
        image = body(size, 6, index)
        width = np.where(image > -500, 8.0 + 4 * rows / size, 2.0).astype(np.float32)
        if index == widest:
            width[38:43, 28:33] = 70.0
        write_slice(image, record.source, made, index + 1, folder / "image" / f"{index + 1:04d}.dcm")
        write_slice(width, record.source, doubt, index + 1, folder / "uncertainty" / f"{index + 1:04d}.dcm")
    write_json(
        folder / "report.json",
        report_of(str(given), slices, checks or checks_of(), missing=sorted(without), **report),
    )
    return folder


def contrast_nifti(parent: Path, name: str, slices: int = 5) -> Path:
    """A synthesis with detectability, from two NIfTI scans; brightness relative, probes and an honest interval."""
    inputs = parent.parent / f"source_{name}"
    inputs.mkdir(parents=True)
    affine = np.diag([0.9, 0.9, 3.0, 1.0])
    plain = np.stack([head((80, 72)) for _ in range(slices)], -1).transpose(1, 0, 2).astype(np.float32)
    rng = np.random.default_rng(3)
    for scan_name, gain in (("pre", 1.0), ("low", 1.02)):
        values = (plain * gain + rng.normal(0, 0.02, plain.shape)).astype(np.float32)
        nib.Nifti1Image(values, affine).to_filename(inputs / f"{scan_name}.nii.gz")
    folder = parent / name
    folder.mkdir(parents=True)
    like = read_nifti(inputs / "pre.nii.gz")
    image = like.volume.values * 1.1
    for part, values in (("image", image), ("uncertainty", 0.03 + 0.1 * image), ("detectability", 0.2 + 0 * image)):
        write_nifti(values.astype(np.float32), like, folder / f"{part}.nii.gz", "synthesised")
    kept = np.full(image.shape, np.nan, np.float32)
    kept[slices // 2, 20:60, 20:50] = np.linspace(0.3, 0.9, 30)
    write_nifti(kept, like, folder / "survival.nii.gz", "contrast kept")
    checks = [measure("motion", 12.0, unit="mm", upper=10, message="largest displacement of the head", action="look")]
    report = report_of(
        f"{inputs / 'pre.nii.gz'}, {inputs / 'low.nii.gz'}",
        slices,
        checks,
        task="contrast",
        probes=[
            Survival(Lesion(5, 50, "%"), 0.81, 0.7, 0.9, 12).to_json(),
            Survival(Lesion(3, 20, "%"), 0.48, 0.35, 0.68, 12).to_json(),
        ],
        interval={"kind": "propagated noise"},
        comparability={"matrix": [5, 80, 72], "dose_fraction": 0.1, "scanner": None},
        parameters={"pre": str(inputs / "pre.nii.gz"), "low": str(inputs / "low.nii.gz"), "dose_fraction": 0.1},
    )
    write_json(folder / "report.json", report)
    return folder


def broken(parent: Path) -> list[Path]:
    """Results that went wrong after they were written: a cut report, a cut volume, no image, no object."""
    cut = ct_dicom(parent, "cut report", slices=2)
    (cut / "report.json").write_text((cut / "report.json").read_text()[:200])
    volume = contrast_nifti(parent, "cut volume")
    packed = (volume / "image.nii.gz").read_bytes()
    (volume / "image.nii.gz").write_bytes(packed[: len(packed) // 2])
    empty = parent / "no image"
    empty.mkdir(parents=True)
    write_json(empty / "report.json", report_of("gone", 3, checks_of()))
    odd = parent / "no object"
    odd.mkdir()
    (odd / "report.json").write_text(json.dumps([1, 2]))
    return [cut, volume, empty, odd]
