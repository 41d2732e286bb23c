"""What MR takes: files of k-space."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from recon.errors import ReconError
from recon.io.formats import Content, OpenedKSpace
from recon.io.kspace.series import KSpaceSeries
from recon.physics.fourier import to_image
from recon.tasks.job import Found, Job, Loaded, Problem, Sink, Skipped
from recon.tasks.mr.options import MrOptions
from recon.tasks.mr.outputs import MrSink
from recon.tasks.mr.preview import mr_preview
from recon.tasks.mr.sampling import mask_record, stack_record
from recon.tasks.mr.series import MrSeries
from recon.tasks.names import distinct, name_of, safe
from recon.tasks.scans import scans_in
from recon.tasks.series import Series
from recon.values.readouts import Readouts
from recon.values.result import ImageSlice, ModelIdentity
from recon.volumes import FloatImage

#: Stands for the network of the scan's encoding.
AUTOMAP = "automap"
_AUTOMAP_OF = {"cartesian": "automap_poisson_disc", "radial": "automap_radial", "spiral": "automap_spiral"}
#: Short names of the networks.
_NAMES = {"unrolled": "mr_unrolled", "varnet": "mr_unrolled"}


def find(inputs: Sequence[Path]) -> Iterator[Found]:
    """The jobs in files and folders; one bad input never costs another.

    Parameters
    ----------
    inputs
        fastMRI or ISMRMRD files, or folders of them.
    """
    found: list[Job] = []
    for given in inputs:
        for one in scans_in(given, (Content.KSPACE,), strangers=False):
            if isinstance(one, Skipped | Problem):
                yield one
                continue
            assert isinstance(one, OpenedKSpace)
            (path,) = one.files
            name = safe("_".join(filter(None, (name_of(path), one.label))))
            found.append(MrJob(name, str(path), [path], one.series))
    for job, name in zip(found, distinct(job.name for job in found), strict=True):
        job.name = name
        yield job


@dataclass
class MrJob(Job):
    """One stack of slices of a file."""

    series: KSpaceSeries | None = None
    task = "mr"

    def load(self) -> Loaded[MrOptions]:
        """Slices are read one by one as they are sent."""
        assert self.series is not None
        return _LoadedMr(self.series)


class _LoadedMr(Loaded[MrOptions]):
    def __init__(self, series: KSpaceSeries) -> None:
        self.scan, self.slices = series, series.shape[0]
        self.notes, self.skipped, self.checks = series.notes, [], list(series.checks)
        self._sampling: dict[int, dict[str, Any]] = {}

    def chosen(self, options: MrOptions) -> MrOptions:
        """With the full name of a model that is named in short; which fits best, the service says."""
        if options.model == AUTOMAP:
            return replace(options, model=_AUTOMAP_OF[self.scan.kspace.kind])
        return replace(options, model=_NAMES.get(options.model, options.model))

    def series(self, options: MrOptions) -> Series:
        return MrSeries(
            replace(self.scan.kspace, load=self._load),
            "",
            options.model,
            options.model_version,
            phase=options.complex,
            probes=options.probes,
            survival=options.survival,
        )

    def sink(self, folder: Path, model: ModelIdentity, options: MrOptions) -> Sink:
        return MrSink(self.scan, folder, str(model), options.dicom)

    def preview(self, shown: ImageSlice, title: str, path: Path) -> None:
        image, uncertainty = self.scan.laid_out(shown.image), self.scan.laid_out(shown.uncertainty)
        before = self.before(shown.index)
        kept = shown.extra.get("SURVIVAL")
        kept = None if kept is None else self.scan.laid_out(kept)
        mr_preview(image if before is None else before, image, uncertainty, title, path, kept)

    def before(self, index: int) -> FloatImage | None:
        """What the samples alone show; None where they lie on no grid."""
        kspace = self.scan.kspace
        if kspace.kind != "cartesian":
            return None
        measured, (rows, columns) = kspace.load(index).grid, kspace.image_shape
        filled = np.zeros((kspace.coils, rows, columns), np.complex64)
        top, left = rows // 2 - kspace.samples // 2, columns // 2 - kspace.lines // 2
        filled[:, top : top + kspace.samples, left : left + kspace.lines] = measured
        return self.scan.laid_out(np.sqrt((np.abs(to_image(filled)) ** 2).sum(0)).astype(np.float32))

    def _load(self, index: int) -> Readouts:
        """The readouts of a slice; how they were sampled is kept, so that nothing is read twice for it."""
        readouts = self.scan.kspace.load(index)
        self._sampling[index] = mask_record(readouts.mask, readouts.trajectory)
        return readouts

    def comparability(self, options: MrOptions) -> dict[str, Any]:
        kspace = self.scan.kspace
        known: dict[str, Any] = {"spacing_mm": list(kspace.geometry.spacing)}
        if kspace.coming is not None:
            return known
        try:
            for index in set(range(kspace.slices)) - self._sampling.keys():  # that were not sent
                self._load(index)
        except ReconError:  # a slice that can't be read; the run has said so
            return known
        return {**known, "sampling": stack_record([self._sampling[index] for index in range(kspace.slices)])}

    def parameters(self, options: MrOptions) -> dict[str, Any]:
        kspace = self.scan.kspace
        return {"coils": kspace.coils, "matrix": list(kspace.image_shape), "probes": options.probes}
