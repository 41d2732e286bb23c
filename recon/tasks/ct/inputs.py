"""What CT takes: DICOM series and NIfTI volumes in HU."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recon.errors import ReconError, UnreadableInput
from recon.io.dicom import ImageSeries, Kind, SeriesIndex, find_files, load, scan
from recon.io.nifti import NiftiVolume, is_nifti, read_nifti
from recon.io.output_folder import is_result
from recon.io.preview import ct_preview
from recon.tasks.ct.options import CtOptions
from recon.tasks.ct.outputs import DicomSink, NiftiSink
from recon.tasks.ct.series import CtSeries
from recon.tasks.job import Found, Job, Loaded, Problem, Sink, Skipped
from recon.tasks.names import distinct, name_of, safe
from recon.tasks.series import Series
from recon.values.result import ImageSlice, ModelIdentity
from recon.volumes import Volume


def find(inputs: Sequence[Path], on_file: Callable[[int], None] | None = None) -> Iterator[Found]:
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


def jobs_of_scan(name: str, files: Sequence[Path]) -> Iterator[Found]:
    """The jobs of one scan: its files are looked at together, and it is split only where it is no single series."""
    if all(is_nifti(path) for path in files):
        yield from find(files)
        return
    sorted_out = scan(files)
    for left in sorted_out.skipped:
        if left.kind is Kind.OTHER:
            yield Skipped(left.path, left.reason)
        else:
            yield Problem(left.path, UnreadableInput(left.reason))
    for index in sorted_out.series:
        paths = list(dict.fromkeys(record.source.path for record in index.records))
        yield CtDicomJob(name if len(sorted_out.series) == 1 else safe(index.name), str(files[0].parent), paths, index)


@dataclass
class CtDicomJob(Job):
    """One DICOM series."""

    index: SeriesIndex | None = None
    task = "ct"

    def load(self) -> Loaded[CtOptions]:
        """The pixels of this series alone."""
        assert self.index is not None
        return _LoadedDicom(load(self.index))


@dataclass
class CtNiftiJob(Job):
    """One NIfTI volume in HU."""

    task = "ct"

    def load(self) -> Loaded[CtOptions]:
        """The volume."""
        return _LoadedNifti(read_nifti(self.files[0]))


class _LoadedCt(Loaded[CtOptions]):
    volume: Volume

    def series(self, options: CtOptions) -> Series:
        return CtSeries(self.volume, "", options.model, options.model_version, strength=options.strength)

    def preview(self, shown: ImageSlice, title: str, path: Path) -> None:
        ct_preview(self.volume.values[shown.index], shown.image, shown.uncertainty, title, path)

    def parameters(self, options: CtOptions) -> dict[str, Any]:
        return {"strength": options.strength}


class _LoadedDicom(_LoadedCt):
    def __init__(self, series: ImageSeries) -> None:
        self.scan, self.volume, self.slices = series, series.volume, series.volume.shape[0]
        self.notes, self.checks = series.notes, series.checks
        self.skipped = [Skipped(item.path, item.reason) for item in series.skipped]
        self.damaged = bool(series.skipped)

    def sink(self, folder: Path, model: ModelIdentity, options: CtOptions) -> Sink:
        return DicomSink(self.scan, folder, str(model), options.strength)


class _LoadedNifti(_LoadedCt):
    def __init__(self, original: NiftiVolume) -> None:
        self.original, self.volume, self.slices = original, original.volume, original.volume.shape[0]
        self.notes, self.skipped, self.checks = list(original.notes), [], []

    def sink(self, folder: Path, model: ModelIdentity, options: CtOptions) -> Sink:
        return NiftiSink(self.original, folder)


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
