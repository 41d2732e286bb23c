"""What MR writes: HDF5 and NIfTI, and DICOM series where that is wanted."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recon.io.dicom.write.derive import UNCERTAINTY
from recon.io.dicom.write.reconstructed import RECONSTRUCTED, MrDicomSeries, write_mr_slice
from recon.io.kspace.results import write_hdf5, write_volume
from recon.io.kspace.series import KSpaceSeries
from recon.tasks.job import Sink
from recon.values.result import ImageSlice
from recon.volumes import FloatImage


class MrSink(Sink):
    """HDF5 and NIfTI, and DICOM series where that is wanted."""

    def __init__(self, series: KSpaceSeries, folder: Path, model: str, dicom: bool) -> None:
        self._series, self._folder, self._model, self._dicom = series, folder, model, dicom
        # slices without a result must not look like air
        self._image = np.full(series.shape, np.nan, np.float32)
        self._uncertainty = self._image.copy()
        self._phase: FloatImage | None = None
        self._kept: FloatImage | None = None

    def put(self, result: ImageSlice) -> None:
        """Keep one slice."""
        self._image[result.index] = self._series.laid_out(result.image)
        self._uncertainty[result.index] = self._series.laid_out(result.uncertainty)
        if "PHASE" in result.extra:
            if self._phase is None:
                self._phase = np.full(self._series.shape, np.nan, np.float32)
            self._phase[result.index] = self._series.laid_out(result.extra["PHASE"])
        if "SURVIVAL" in result.extra:
            if self._kept is None:
                self._kept = np.full(self._series.shape, np.nan, np.float32)
            self._kept[result.index] = self._series.laid_out(result.extra["SURVIVAL"])

    def close(self) -> None:
        """Write all of them."""
        geometry = self._series.geometry
        image, uncertainty = (self._series.reoriented(stack) for stack in (self._image, self._uncertainty))
        phase = None if self._phase is None else self._series.reoriented(self._phase)
        write_hdf5(image, uncertainty, geometry, self._folder / "image.h5", phase)
        write_volume(image, geometry, self._folder / "image.nii.gz")
        write_volume(uncertainty, geometry, self._folder / "uncertainty.nii.gz")
        if self._kept is not None:
            write_volume(self._series.reoriented(self._kept), geometry, self._folder / "survival.nii.gz")
        if self._dicom:
            write_dicom(image, uncertainty, self._series, self._model, self._folder)


def write_dicom(image: FloatImage, uncertainty: FloatImage, series: KSpaceSeries, model: str, folder: Path) -> None:
    """A DICOM series of the images, and one of the uncertainty where there is any; else a note that says why not."""
    there = np.isfinite(image).all(axis=(1, 2))
    if not there.any():
        series.notes.append("no DICOM series: every image holds pixels that are no numbers")
        return
    scale = float(image[there].max()) or 1.0
    made = [("image", image, 1, RECONSTRUCTED, f"MR reconstruction from k-space, model {model}.")]
    if np.isfinite(uncertainty[there]).all():
        words = f"Half-width of the 90 % interval around the reconstruction, model {model}."
        made.append(("uncertainty", uncertainty, 2, UNCERTAINTY, words))
    for name, values, number, kind, words in made:
        shared = MrDicomSeries(
            f"{name} {series.label}".strip(),
            f"{words} For research use.",
            model,
            series.geometry,
            number,
            kind,
            series.attributes,
        )
        (folder / name).mkdir()
        for index in np.flatnonzero(there):
            write_mr_slice(values[index], shared, int(index), scale, folder / name / f"{index + 1:04d}.dcm")
