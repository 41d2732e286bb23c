"""What contrast writes: derived DICOM series, or NIfTI volumes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recon.io.dicom import SliceSource, SurvivalMap
from recon.io.dicom.write.synthesised import (
    SynthesisedSeries,
    detectability_series,
    synthesised_series,
    uncertainty_series,
    write_synthesised_slice,
)
from recon.io.nifti import write_nifti
from recon.tasks.contrast.pair import ContrastPair, ContrastScan
from recon.tasks.job import Sink
from recon.values.result import ImageSlice
from recon.volumes import FloatImage

#: Planes of a result, and the names of their files.
_PLANES = ("image", "uncertainty", "detectability")


class ContrastSink(Sink):
    """Image, uncertainty and detectability in the grid of the scan before contrast."""

    def __init__(
        self, pair: ContrastPair, folder: Path, model: str, dose_fraction: float, strength: float = 1.0
    ) -> None:
        self._pair, self._folder, self._model = pair, folder, model
        self._dose, self._strength = dose_fraction, strength
        # slices without a result must not look like air
        self._planes = {name: np.full(pair.pre.volume.shape, np.nan, np.float32) for name in _PLANES}
        self._kept: dict[int, FloatImage] = {}

    def put(self, result: ImageSlice) -> None:
        """Keep one slice."""
        self._planes["image"][result.index] = result.image
        self._planes["uncertainty"][result.index] = result.uncertainty
        if "DETECTABILITY" in result.extra:
            self._planes["detectability"][result.index] = result.extra["DETECTABILITY"]
        if "SURVIVAL" in result.extra:
            self._kept[result.index] = result.extra["SURVIVAL"]

    def close(self) -> None:
        """Write all of them."""
        pre = self._pair.pre
        if pre.nifti is not None:
            for name, values in self._planes.items():
                write_nifti(values, pre.nifti, self._folder / f"{name}.nii.gz", "synthesised")
            if self._kept:
                kept = np.full(pre.volume.shape, np.nan, np.float32)
                kept[list(self._kept)] = list(self._kept.values())
                write_nifti(kept, pre.nifti, self._folder / "survival.nii.gz", "contrast kept")
            return
        kept_map = SurvivalMap(self._model, self._folder / "survival.dcm", "MR")
        for index, plane in self._kept.items():
            kept_map.put(plane, pre.sources[index], index)
        kept_map.close()
        there = np.isfinite(self._planes["image"]).all(axis=(1, 2))
        white = float(np.percentile(self._planes["image"][there], 99.9)) or 1.0
        series = {
            "image": synthesised_series(self._model, self._dose, white, self._strength),
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
