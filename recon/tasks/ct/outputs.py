"""What CT writes: derived DICOM series, or NIfTI volumes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recon.io.dicom import ImageSeries, SurvivalMap, UncertaintyMap, denoised_series, uncertainty_series, write_slice
from recon.io.nifti import NiftiVolume, write_nifti
from recon.tasks.job import Sink
from recon.values.result import ImageSlice
from recon.volumes import FloatImage


class DicomSink(Sink):
    """A derived series beside the source, its uncertainty as a series and as a map."""

    def __init__(self, series: ImageSeries, folder: Path, model: str, strength: float) -> None:
        self._series, self._folder = series, folder
        self._image, self._uncertainty = denoised_series(model, strength), uncertainty_series(model)
        self._map = UncertaintyMap(model, folder / "uncertainty.dcm")
        self._kept = SurvivalMap(model, folder / "survival.dcm", "CT")
        for name in ("image", "uncertainty"):
            (folder / name).mkdir()

    def put(self, result: ImageSlice) -> None:
        """Keep one slice."""
        source, number = self._series.sources[result.index], result.index + 1
        write_slice(result.image, source, self._image, number, self._folder / "image" / f"{number:04d}.dcm")
        target = self._folder / "uncertainty" / f"{number:04d}.dcm"
        write_slice(result.uncertainty, source, self._uncertainty, number, target)
        self._map.put_width(result.uncertainty, self._series.volume.values[result.index], source, result.index)
        if "SURVIVAL" in result.extra:
            self._kept.put(result.extra["SURVIVAL"], source, result.index)

    def close(self) -> None:
        """Write what needs all slices."""
        self._map.close()
        self._kept.close()


class NiftiSink(Sink):
    """Image and uncertainty in the source's grid."""

    def __init__(self, original: NiftiVolume, folder: Path) -> None:
        self._original, self._folder = original, folder
        # slices without a result must not look like air
        self._image = np.full(original.volume.shape, np.nan, np.float32)
        self._uncertainty = self._image.copy()
        self._kept: FloatImage | None = None

    def put(self, result: ImageSlice) -> None:
        """Keep one slice."""
        self._image[result.index], self._uncertainty[result.index] = result.image, result.uncertainty
        if "SURVIVAL" in result.extra:
            if self._kept is None:
                self._kept = np.full(self._image.shape, np.nan, np.float32)
            self._kept[result.index] = result.extra["SURVIVAL"]

    def close(self) -> None:
        """Write what needs all slices."""
        for values, name, result in (
            (self._image, "image", "denoised"),
            (self._uncertainty, "uncertainty", "uncertainty"),
        ):
            write_nifti(values, self._original, self._folder / f"{name}.nii.gz", result)
        if self._kept is not None:
            write_nifti(self._kept, self._original, self._folder / "survival.nii.gz", "contrast kept")
