"""MR jobs: files of k-space through a reconstruction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recon.client import Client, ImageSlice, Run
from recon.errors import ReconError
from recon.io.dicom.write.reconstructed import MrDicomSeries, write_mr_slice
from recon.io.kspace.read import read_mr
from recon.io.kspace.results import write_hdf5, write_volume
from recon.io.kspace.series import MrSeries
from recon.io.preview import mr_preview
from recon.jobs.job import Job, Loaded, Options, Problem, Sink, Skipped
from recon.jobs.names import distinct, name_of, safe
from recon.physics.fourier import to_image
from recon.tasks.mr.choice import choose, sampling_of_kspace
from recon.volumes import FloatImage

#: Stands for the network of the scan's encoding.
AUTOMAP = "automap"
_AUTOMAP_OF = {"cartesian": "automap_poisson_disc", "radial": "automap_radial", "spiral": "automap_spiral"}
_ENDINGS = (".h5", ".hdf5", ".mrd")


def find(inputs: Sequence[Path]) -> Iterator[Job | Skipped | Problem]:
    """The jobs in files and folders; one bad input never costs another.

    Parameters
    ----------
    inputs
        fastMRI or ISMRMRD files, or folders of them.
    """
    found: list[Job] = []
    for given in inputs:
        files = sorted(p for p in given.rglob("*") if p.suffix.lower() in _ENDINGS) if given.is_dir() else [given]
        for path in files:
            try:
                series = read_mr(path)
            except ReconError as error:
                yield Problem(str(path), error)
                continue
            for item in series:
                name = safe("_".join(filter(None, (name_of(path), item.label))))
                found.append(MrJob(name, str(path), [path], item))
    for job, name in zip(found, distinct(job.name for job in found), strict=True):
        job.name = name
        yield job


@dataclass
class MrJob(Job):
    """One stack of slices of a file."""

    series: MrSeries | None = None
    task = "mr"

    def load(self) -> Loaded:
        """Slices are read one by one as they are sent."""
        assert self.series is not None
        return _LoadedMr(self.series)


class _LoadedMr(Loaded):
    def __init__(self, series: MrSeries) -> None:
        self.series, self.slices = series, series.shape[0]
        self.notes, self.skipped, self.checks = series.notes, [], []
        self._reason = ""

    def start(self, client: Client, options: Options) -> Run:
        model, self._reason = self._choose(client, options.model)
        return client.reconstruct_mr(
            self.series.kspace, model=model, model_version=options.model_version, timeout_s=options.timeout_s
        )

    def _choose(self, client: Client, wanted: str) -> tuple[str, str]:
        """The model that fits what was measured, which the service can't know when the header comes."""
        kspace = self.series.kspace
        sampling = sampling_of_kspace(kspace.load(kspace.slices // 2), kspace.kind)
        served = {model.name for model in client.models() if model.task == "mr"}
        if wanted == AUTOMAP:
            wanted = _AUTOMAP_OF[kspace.kind]
        return choose(sampling, wanted, served)

    def sink(self, folder: Path, run: Run, options: Options) -> Sink:
        return _MrSink(self.series, folder, run, options.dicom)

    def preview(self, shown: ImageSlice, title: str, path: Path) -> None:
        image, uncertainty = self.series.laid_out(shown.image), self.series.laid_out(shown.uncertainty)
        before = self.before(shown.index)
        mr_preview(image if before is None else before, image, uncertainty, title, path)

    def before(self, index: int) -> FloatImage | None:
        """What the samples alone show; None where they lie on no grid."""
        kspace = self.series.kspace
        if kspace.kind != "cartesian":
            return None
        measured, (rows, columns) = kspace.load(index), kspace.image_shape
        filled = np.zeros((kspace.coils, rows, columns), np.complex64)
        top, left = rows // 2 - kspace.rows // 2, columns // 2 - kspace.columns // 2
        filled[:, top : top + kspace.rows, left : left + kspace.columns] = measured
        return self.series.laid_out(np.sqrt((np.abs(to_image(filled)) ** 2).sum(0)).astype(np.float32))

    def parameters(self, options: Options) -> dict[str, Any]:
        kspace = self.series.kspace
        return {"coils": kspace.coils, "matrix": list(kspace.image_shape), "model_reason": self._reason}


class _MrSink(Sink):
    def __init__(self, series: MrSeries, folder: Path, run: Run, dicom: bool) -> None:
        self._series, self._folder, self._run, self._dicom = series, folder, run, dicom
        # slices without a result must not look like air
        self._image = np.full(series.shape, np.nan, np.float32)
        self._uncertainty = self._image.copy()

    def put(self, result: ImageSlice) -> None:
        self._image[result.index] = self._series.laid_out(result.image)
        self._uncertainty[result.index] = self._series.laid_out(result.uncertainty)

    def close(self) -> None:
        geometry = self._series.geometry
        image, uncertainty = (self._series.reoriented(stack) for stack in (self._image, self._uncertainty))
        write_hdf5(image, uncertainty, geometry, self._folder / "image.h5")
        write_volume(image, geometry, self._folder / "image.nii.gz")
        write_volume(uncertainty, geometry, self._folder / "uncertainty.nii.gz")
        if self._dicom:
            _write_dicom(image, uncertainty, self._series, str(self._run.model), self._folder)


def _write_dicom(image: FloatImage, uncertainty: FloatImage, series: MrSeries, model: str, folder: Path) -> None:
    there = np.isfinite(image).all(axis=(1, 2))
    scale = float(image[there].max()) or 1.0
    made = [("image", image, 1, "RECONSTRUCTED", f"MR reconstruction from k-space, model {model}.")]
    if np.isfinite(uncertainty[there]).all():
        words = f"Half-width of the 90 % interval around the reconstruction, model {model}."
        made.append(("uncertainty", uncertainty, 2, "UNCERTAINTY", words))
    for name, values, number, kind, words in made:
        shared = MrDicomSeries(
            f"{name} {series.label}".strip(), f"{words} For research use.", model, series.geometry, number, kind,
            series.attributes,
        )  # fmt: skip
        (folder / name).mkdir()
        for index in np.flatnonzero(there):
            write_mr_slice(values[index], shared, int(index), scale, folder / name / f"{index + 1:04d}.dcm")
