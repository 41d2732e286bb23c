"""CT jobs: DICOM series and NIfTI volumes through the denoiser."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recon.client import Client, ImageSlice, Run
from recon.errors import ReconError, UnreadableInput
from recon.io.dicom import (
    ImageSeries,
    Kind,
    SeriesIndex,
    UncertaintyMap,
    denoised_series,
    find_files,
    load,
    scan,
    uncertainty_series,
    write_slice,
)
from recon.io.nifti import NiftiVolume, is_nifti, read_nifti, write_nifti
from recon.io.output_folder import is_result
from recon.io.preview import ct_preview
from recon.jobs.job import Job, Loaded, Options, Problem, Sink, Skipped
from recon.jobs.names import distinct, name_of, safe
from recon.volumes import Volume


def find(inputs: Sequence[Path], on_file: Callable[[int], None] | None = None) -> Iterator[Job | Skipped | Problem]:
    """The jobs in files and folders; one bad input never costs another.

    Parameters
    ----------
    inputs
        DICOM or NIfTI files, or folders of them.
    on_file
        Called with the number of files that have been looked at.
    """
    found: list[Job] = []
    for given in inputs:
        try:
            files = find_files([given])
        except ReconError as error:
            yield Problem(str(given), error)
            continue
        own = {folder for folder in {path.parent for path in files} if is_result(folder) or is_result(folder.parent)}
        if own:
            yield from (Skipped(str(folder), "a result of recon, no input") for folder in sorted(own))
            files = [path for path in files if path.parent not in own]
        found += [CtNiftiJob(name_of(path), str(path), [path]) for path in files if is_nifti(path)]
        sorted_out = scan((path for path in files if not is_nifti(path)), on_file)
        for item in sorted_out.skipped:
            if item.kind is Kind.OTHER:
                yield Skipped(item.path, item.reason)
            else:
                yield Problem(item.path, UnreadableInput(f"{item.path}: {item.reason}"))
        for index in sorted_out.series:
            name = name_of(given) if len(sorted_out.series) == 1 else safe(f"{name_of(given)}_{index.name}")
            paths = list(dict.fromkeys(record.source.path for record in index.records))
            found.append(CtDicomJob(name, str(given), paths, index))
    for job, name in zip(found, distinct(job.name for job in found), strict=True):
        job.name = name
        yield job


@dataclass
class CtDicomJob(Job):
    """One DICOM series."""

    index: SeriesIndex | None = None
    task = "ct"

    def load(self) -> Loaded:
        """The pixels of this series alone."""
        assert self.index is not None
        return _LoadedDicom(load(self.index))


@dataclass
class CtNiftiJob(Job):
    """One NIfTI volume in HU."""

    task = "ct"

    def load(self) -> Loaded:
        """The volume."""
        return _LoadedNifti(read_nifti(self.files[0]))


class _LoadedCt(Loaded):
    volume: Volume

    def start(self, client: Client, options: Options) -> Run:
        return client.denoise_ct(
            self.volume, strength=options.strength, model=options.model, model_version=options.model_version,
            timeout_s=options.timeout_s,
        )  # fmt: skip

    def preview(self, shown: ImageSlice, title: str, path: Path) -> None:
        ct_preview(self.volume.values[shown.index], shown.image, shown.uncertainty, title, path)

    def parameters(self, options: Options) -> dict[str, Any]:
        return {"strength": options.strength}


class _LoadedDicom(_LoadedCt):
    def __init__(self, series: ImageSeries) -> None:
        self.series, self.volume, self.slices = series, series.volume, series.volume.shape[0]
        self.notes, self.checks = series.notes, series.checks
        self.skipped = [Skipped(item.path, item.reason) for item in series.skipped]
        self.damaged = bool(series.skipped)

    def sink(self, folder: Path, run: Run, options: Options) -> Sink:
        return _DicomSink(self.series, folder, str(run.model), options.strength)


class _LoadedNifti(_LoadedCt):
    def __init__(self, original: NiftiVolume) -> None:
        self.original, self.volume, self.slices = original, original.volume, original.volume.shape[0]
        self.notes, self.skipped, self.checks = list(original.notes), [], []

    def sink(self, folder: Path, run: Run, options: Options) -> Sink:
        return _NiftiSink(self.original, folder)


class _DicomSink(Sink):
    def __init__(self, series: ImageSeries, folder: Path, model: str, strength: float) -> None:
        self._series, self._folder = series, folder
        self._image, self._uncertainty = denoised_series(model, strength), uncertainty_series(model)
        self._map = UncertaintyMap(model, folder / "uncertainty.dcm")
        for name in ("image", "uncertainty"):
            (folder / name).mkdir()

    def put(self, result: ImageSlice) -> None:
        source, number = self._series.sources[result.index], result.index + 1
        write_slice(result.image, source, self._image, number, self._folder / "image" / f"{number:04d}.dcm")
        target = self._folder / "uncertainty" / f"{number:04d}.dcm"
        write_slice(result.uncertainty, source, self._uncertainty, number, target)
        self._map.put(result.uncertainty, self._series.volume.values[result.index], source, result.index)

    def close(self) -> None:
        self._map.close()


class _NiftiSink(Sink):
    def __init__(self, original: NiftiVolume, folder: Path) -> None:
        self._original, self._folder = original, folder
        # slices without a result must not look like air
        self._image = np.full(original.volume.shape, np.nan, np.float32)
        self._uncertainty = self._image.copy()

    def put(self, result: ImageSlice) -> None:
        self._image[result.index], self._uncertainty[result.index] = result.image, result.uncertainty

    def close(self) -> None:
        for values, name, result in (
            (self._image, "image", "denoised"), (self._uncertainty, "uncertainty", "uncertainty"),
        ):  # fmt: skip
            write_nifti(values, self._original, self._folder / f"{name}.nii.gz", result)


def only_volume(path: Path) -> Volume:
    """The one CT volume of a file or folder.

    Raises
    ------
    UnreadableInput
        When there is none, or more than one.
    """
    jobs = [item for item in find([path]) if isinstance(item, Job)]
    if len(jobs) != 1:
        raise UnreadableInput(f"{path}: holds {len(jobs)} CT series, one is needed")
    loaded = jobs[0].load()
    assert isinstance(loaded, _LoadedCt)
    return loaded.volume
