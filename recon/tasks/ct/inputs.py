"""What CT takes: DICOM series and NIfTI volumes in HU."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from recon.errors import UnreadableInput
from recon.io.dicom import ImageSeries, SeriesIndex, load
from recon.io.dicom.read.settings import settings_of
from recon.io.formats import Content, Opened, OpenedSlices, OpenedVolume
from recon.io.nifti import NiftiVolume
from recon.tasks.ct.options import CtOptions
from recon.tasks.ct.outputs import DicomSink, NiftiSink
from recon.tasks.ct.preview import ct_preview
from recon.tasks.ct.series import CtSeries
from recon.tasks.job import Found, Job, Loaded, Problem, Sink, Skipped
from recon.tasks.names import distinct, name_of, safe
from recon.tasks.scans import scans_in, scans_of
from recon.tasks.series import Series
from recon.values.result import ImageSlice, ModelIdentity
from recon.volumes import Volume

#: What a scan for this task is made of.
CONTENTS = (Content.CT, Content.VOLUME)


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
        for one in scans_in(given, CONTENTS, on_file):
            if isinstance(one, Skipped | Problem):
                yield one
            else:
                found.append(_job_of(one, _name(given, one), str(given)))
    for job, name in zip(found, distinct(job.name for job in found), strict=True):
        job.name = name
        yield job


def jobs_of_scan(name: str, files: Sequence[Path]) -> Iterator[Found]:
    """The jobs of one scan: its files are looked at together, and it is split only where it is no single series."""
    for one in scans_of(files, CONTENTS):
        if isinstance(one, Skipped | Problem):
            yield one
        else:
            yield _job_of(one, safe(one.label) if one.label else name, str(files[0].parent))


def _name(given: Path, scan: Opened) -> str:
    if isinstance(scan, OpenedSlices):
        return safe("_".join(filter(None, (name_of(given), scan.label))))
    return name_of(scan.files[0])


def _job_of(scan: Opened, name: str, source: str) -> Job:
    if isinstance(scan, OpenedSlices):
        return CtDicomJob(name, source, list(scan.files), scan.index)
    assert isinstance(scan, OpenedVolume)
    return CtVolumeJob(name, str(scan.files[0]), list(scan.files), scan)


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
class CtVolumeJob(Job):
    """One volume in HU in a file of its own."""

    scan: OpenedVolume | None = None
    task = "ct"

    def load(self) -> Loaded[CtOptions]:
        """The volume."""
        assert self.scan is not None
        return _LoadedNifti(self.scan.read())


class _LoadedCt(Loaded[CtOptions]):
    volume: Volume

    def series(self, options: CtOptions) -> Series:
        return CtSeries(
            self.volume,
            "",
            options.model,
            options.model_version,
            strength=options.strength,
            probes=options.probes,
            least=options.required,
            survival=options.survival,
        )

    def settled(self, options: CtOptions, model: ModelIdentity) -> CtOptions:
        """With the strength that the service chose."""
        return options if model.strength is None else replace(options, strength=model.strength.strength)

    def preview(self, shown: ImageSlice, title: str, path: Path) -> None:
        ct_preview(
            self.volume.values[shown.index], shown.image, shown.uncertainty, title, path, shown.extra.get("SURVIVAL")
        )

    def comparability(self, options: CtOptions) -> dict[str, Any]:
        return {"strength": options.strength, "spacing_mm": list(self.volume.geometry.spacing)}

    def parameters(self, options: CtOptions) -> dict[str, Any]:
        lesion = {"lesion_mm": options.lesion_mm, "lesion_hu": options.lesion_hu, "lesion_kept": options.lesion_kept}
        return {"strength": options.strength, "probes": options.probes, **lesion}


class _LoadedDicom(_LoadedCt):
    def __init__(self, series: ImageSeries) -> None:
        self.scan, self.volume, self.slices = series, series.volume, series.volume.shape[0]
        self.notes, self.checks = series.notes, series.checks
        self.skipped = [Skipped(item.path, item.reason) for item in series.skipped]
        self.damaged = bool(series.skipped)

    def comparability(self, options: CtOptions) -> dict[str, Any]:
        return {**super().comparability(options), "scanner": settings_of(self.scan.sources[0])}

    def sink(self, folder: Path, model: ModelIdentity, options: CtOptions) -> Sink:
        return DicomSink(self.scan, folder, str(model), float(options.strength))


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
