"""Contrast jobs: a scan before contrast and one after a reduced dose, through the synthesis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recon.client import Client, ImageSlice, Run
from recon.errors import ReconError
from recon.io.contrast_pair import ContrastPair, ContrastScan, read_pair
from recon.io.dicom import SliceSource
from recon.io.dicom.write.synthesised import (
    SynthesisedSeries,
    detectability_series,
    synthesised_series,
    uncertainty_series,
    write_synthesised_slice,
)
from recon.io.nifti import write_nifti
from recon.io.preview_contrast import contrast_preview
from recon.jobs.job import Job, Loaded, Options, Problem, Sink, Skipped
from recon.jobs.names import name_of
from recon.volumes import FloatImage

#: Planes of a result, and the names of their files.
_PLANES = ("image", "uncertainty", "detectability")


def find(pre: Path | Sequence[Path], low: Path | Sequence[Path]) -> Iterator[Job | Skipped | Problem]:
    """The one job of two scans, named after the scan before contrast.

    Parameters
    ----------
    pre, low
        A NIfTI file, or files and folders of one DICOM series; nothing beside them is read.
    """
    before, after = _listed(pre), _listed(low)
    names = [str(paths[0] if len(paths) == 1 else paths[0].parent) for paths in (before, after)]
    try:
        pair = read_pair(before, after)
    except ReconError as error:
        yield Problem(", ".join(names), error)
        return
    yield ContrastJob(name_of(Path(names[0])), ", ".join(names), [*pair.pre.files, *pair.low.files], pair)


def _listed(paths: Path | Sequence[Path]) -> list[Path]:
    return [paths] if isinstance(paths, Path) else list(paths)


@dataclass
class ContrastJob(Job):
    """Two scans of one head."""

    pair: ContrastPair | None = None
    task = "contrast"

    def load(self) -> Loaded:
        """Both scans, which have been read to tell whether they fit."""
        assert self.pair is not None
        return _LoadedPair(self.pair)


class _LoadedPair(Loaded):
    def __init__(self, pair: ContrastPair) -> None:
        self.pair, self.slices = pair, pair.pre.volume.shape[0]
        self.notes, self.skipped, self.checks = list(pair.notes), [], list(pair.checks)

    def start(self, client: Client, options: Options) -> Run:
        return client.synthesize_contrast(
            self.pair.pre.volume, self.pair.low.volume, dose_fraction=options.dose_fraction, model=options.model,
            model_version=options.model_version, timeout_s=options.timeout_s,
        )  # fmt: skip

    def sink(self, folder: Path, run: Run, options: Options) -> Sink:
        return _ContrastSink(self.pair, folder, str(run.model), options.dose_fraction)

    def preview(self, shown: ImageSlice, title: str, path: Path) -> None:
        pre, low = self.pair.pre.volume, self.pair.low.volume
        # the low-dose scan is shown as it came; only where its matrix is another one it can't stand beside
        beside = low.values[shown.index] if low.shape == pre.shape else None
        contrast_preview(pre.values[shown.index], beside, shown.image, shown.uncertainty, title, path)

    def parameters(self, options: Options) -> dict[str, Any]:
        return {"dose_fraction": options.dose_fraction, "pre": str(self.pair.pre.path), "low": str(self.pair.low.path)}


class _ContrastSink(Sink):
    def __init__(self, pair: ContrastPair, folder: Path, model: str, dose_fraction: float) -> None:
        self._pair, self._folder, self._model, self._dose = pair, folder, model, dose_fraction
        # slices without a result must not look like air
        self._planes = {name: np.full(pair.pre.volume.shape, np.nan, np.float32) for name in _PLANES}

    def put(self, result: ImageSlice) -> None:
        self._planes["image"][result.index] = result.image
        self._planes["uncertainty"][result.index] = result.uncertainty
        if "DETECTABILITY" in result.extra:
            self._planes["detectability"][result.index] = result.extra["DETECTABILITY"]

    def close(self) -> None:
        pre = self._pair.pre
        if pre.nifti is not None:
            for name, values in self._planes.items():
                write_nifti(values, pre.nifti, self._folder / f"{name}.nii.gz", "synthesised")
            return
        there = np.isfinite(self._planes["image"]).all(axis=(1, 2))
        white = float(np.percentile(self._planes["image"][there], 99.9)) or 1.0
        series = {
            "image": synthesised_series(self._model, self._dose, white),
            "uncertainty": uncertainty_series(self._model, white),
            "detectability": detectability_series(self._model, white),
        }
        for name, values in self._planes.items():
            (self._folder / name).mkdir()
            for index in np.flatnonzero(there):
                self._write(values[index], series[name], int(index), self._folder / name / f"{index + 1:04d}.dcm")

    def _write(self, values: FloatImage, series: SynthesisedSeries, index: int, path: Path) -> None:
        nearest = _nearest(self._pair.pre, self._pair.low, index)
        write_synthesised_slice(values, self._pair.pre.sources[index], nearest, series, index + 1, path)


def _nearest(pre: ContrastScan, low: ContrastScan, index: int) -> SliceSource | None:
    """The source of the low-dose slice that lies nearest to a slice of the other scan."""
    if not low.sources:
        return None
    here = pre.volume.geometry.affine @ (0.5 * pre.volume.shape[2], 0.5 * pre.volume.shape[1], index, 1.0)
    middle = np.array([0.5 * low.volume.shape[2], 0.5 * low.volume.shape[1]])
    places = np.array([[*middle, slot, 1.0] for slot in range(low.volume.shape[0])]) @ low.volume.geometry.affine.T
    return low.sources[int(np.argmin(np.linalg.norm((places - here)[:, :3], axis=1)))]
