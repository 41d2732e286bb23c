"""Small archives and executors for the tests of batches."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, MRImageStorage, generate_uid

from recon.batch.archive import Hooks, start
from recon.batch.execute import Executor
from recon.batch.items import Item
from recon.batch.runner import RunSettings
from recon.batch.spec import Spec

QUICK = RunSettings(in_flight=3, attempts=3, patience_s=30.0, grace_s=2.0, backoff_s=0.01)


def write_series(
    folder: Path,
    slices: int = 3,
    *,
    modality: str = "CT",
    description: str = "",
    study: str = "",
    number: int = 1,
    date: str = "20240102",
) -> list[Path]:
    """A DICOM series of 8x8 slices."""
    folder.mkdir(parents=True, exist_ok=True)
    series = generate_uid()
    files = []
    for index in range(slices):
        data = Dataset()
        data.file_meta = FileMetaDataset()
        data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data.SOPClassUID = CTImageStorage if modality == "CT" else MRImageStorage
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID
        data.Modality, data.ImageType = modality, ["ORIGINAL", "PRIMARY", "AXIAL"]
        data.StudyInstanceUID, data.SeriesInstanceUID = study or generate_uid(entropy_srcs=[str(folder)]), series
        data.SeriesNumber, data.SeriesDescription, data.StudyDate = number, description, date
        data.ImagePositionPatient, data.ImageOrientationPatient = [0, 0, 3 * index], [1, 0, 0, 0, 1, 0]
        data.PixelSpacing, data.RescaleSlope, data.RescaleIntercept = [1, 1], 1, -1024
        data.Rows, data.Columns, data.SamplesPerPixel = 8, 8, 1
        data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 0
        data.PhotometricInterpretation = "MONOCHROME2"
        data.PixelData = np.full((8, 8), 1000 + index, np.uint16).tobytes()
        path = folder / f"{index:03d}.dcm"
        data.save_as(path, enforce_file_format=True)
        files.append(path)
    return files


def write_nifti(path: Path, seed: int = 0, air: float = -1000.0) -> Path:
    """A volume of 8x8x4."""
    import nibabel as nib

    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(seed).normal(40, 5, (8, 8, 4)).astype(np.float32)
    values[0] = air
    nib.Nifti1Image(values, np.eye(4)).to_filename(path)
    return path


def report_of(item: Item, *, verdict: str = "PASS", slices: int = 4, missing: tuple[int, ...] = ()) -> dict[str, Any]:
    """What a job would report on an item."""
    noise = 18.0 + item.number % 7
    return {
        "task": item.task,
        "status": "incomplete" if missing else "complete",
        "verdict": verdict,
        "model": {"name": f"{item.task}_model", "version": "1", "sha256": "ab" * 32},
        "slices": {"total": slices, "missing": list(missing)},
        "timings_ms": {"total": 1.0},
        "skipped": [],
        "checks": [
            {
                "name": "noise_level",
                "value": noise,
                "lower_limit": 2.0,
                "upper_limit": 60.0,
                "unit": "HU",
                "outcome": "PASS",
                "message": "noise is in the trained range",
            },
            {
                "name": "mean_uncertainty",
                "value": noise / 3,
                "lower_limit": None,
                "upper_limit": 20.0,
                "unit": "HU",
                "outcome": verdict,
                "message": "mean uncertainty",
            },
        ],
    }


class FakeExecutor:
    """Writes small files; behaves otherwise only as a test tells it to."""

    def __init__(self, behave: Callable[[Item, int], dict[str, Any] | None] = lambda item, call: None) -> None:
        self.calls: list[str] = []
        self.most_at_once = 0
        self.away = False
        self._behave = behave
        self._now = 0
        self._mutex = threading.Lock()

    def ready(self, wait_s: float) -> None:
        from recon.errors import ServiceUnavailable

        if self.away:
            time.sleep(min(wait_s, 0.02))
            raise ServiceUnavailable("nobody answers")

    def run(self, item: Item, folder: Path) -> dict[str, Any]:
        with self._mutex:
            self.calls.append(item.name)
            call = self.calls.count(item.name)
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            write_result(item, folder)
            return self._behave(item, call) or report_of(item)
        finally:
            with self._mutex:
                self._now -= 1

    def close(self) -> None:
        pass


def write_result(item: Item, folder: Path) -> None:
    """The files of a result."""
    (folder / "image").mkdir()
    for index in range(2):
        (folder / "image" / f"{index}.dcm").write_bytes(os.urandom(64))
    (folder / "report.json").write_text(json.dumps({"input": item.name}))
    Image.fromarray(np.full((20, 80, 3), 90, np.uint8)).save(folder / "preview.png")


def run(
    archive: Path,
    output: Path,
    executor: Executor | None = None,
    *,
    settings: RunSettings = QUICK,
    hooks: Hooks | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """A whole run with an executor."""
    spec = Spec(inputs=[str(archive)], settle_s=fields.pop("settle_s", 0.0), **fields)
    return start(spec, output, connecting(executor or FakeExecutor()), settings, hooks)


def connecting(executor: Executor) -> Any:
    """What opens an executor that is there already."""

    @contextmanager
    def connect(spec: Spec) -> Iterator[Executor]:
        yield executor

    return connect


def published(output: Path) -> list[str]:
    """Names of the folders that a person would take for results."""
    return sorted(path.name for path in output.iterdir() if path.is_dir() and not path.name.startswith("."))
