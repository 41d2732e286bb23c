"""What contrast takes: a scan before contrast and one after a reduced dose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from recon.errors import ReconError
from recon.io.dicom.read.settings import settings_of
from recon.tasks.contrast.options import ContrastOptions
from recon.tasks.contrast.outputs import ContrastSink
from recon.tasks.contrast.pair import ContrastPair, read_pair
from recon.tasks.contrast.preview import contrast_preview
from recon.tasks.contrast.series import ContrastSeries
from recon.tasks.job import Found, Job, Loaded, Problem, Sink
from recon.tasks.names import name_of
from recon.tasks.series import Series
from recon.values.result import ImageSlice, ModelIdentity


def find(pre: Sequence[Path], low: Sequence[Path]) -> Iterator[Found]:
    """The one job of two scans, named after the scan before contrast.

    Parameters
    ----------
    pre, low
        A NIfTI file, or files and folders of one DICOM series; nothing beside them is read.
    """
    names = [str(paths[0] if len(paths) == 1 else paths[0].parent) for paths in (pre, low)]
    try:
        pair = read_pair(pre, low)
    except ReconError as error:
        yield Problem(", ".join(names), error)
        return
    yield ContrastJob(name_of(Path(names[0])), ", ".join(names), [*pair.pre.files, *pair.low.files], pair)


@dataclass
class ContrastJob(Job):
    """Two scans of one head."""

    pair: ContrastPair | None = None
    task = "contrast"

    def load(self) -> Loaded[ContrastOptions]:
        """Both scans, which have been read to tell whether they fit."""
        assert self.pair is not None
        return _LoadedPair(self.pair)


class _LoadedPair(Loaded[ContrastOptions]):
    def __init__(self, pair: ContrastPair) -> None:
        self.pair, self.slices = pair, pair.pre.volume.shape[0]
        self.notes, self.skipped, self.checks = list(pair.notes), [], list(pair.checks)

    def series(self, options: ContrastOptions) -> Series:
        pre, low = self.pair.pre.volume, self.pair.low.volume
        return ContrastSeries(
            pre,
            low,
            "",
            options.model,
            options.model_version,
            dose_fraction=options.dose_fraction,
            strength=options.strength,
            probes=options.probes,
            least=options.required(pre.geometry.spacing),
            survival=options.survival,
        )

    def settled(self, options: ContrastOptions, model: ModelIdentity) -> ContrastOptions:
        """With the strength that the service chose."""
        return options if model.strength is None else replace(options, strength=model.strength.strength)

    def sink(self, folder: Path, model: ModelIdentity, options: ContrastOptions) -> Sink:
        return ContrastSink(self.pair, folder, str(model), options.dose_fraction, float(options.strength))

    def preview(self, shown: ImageSlice, title: str, path: Path) -> None:
        pre, low = self.pair.pre.volume, self.pair.low.volume
        # the low-dose scan is shown as it came; only where its matrix is another one it can't stand beside
        beside = low.values[shown.index] if low.shape == pre.shape else None
        kept = shown.extra.get("SURVIVAL")
        contrast_preview(pre.values[shown.index], beside, shown.image, shown.uncertainty, title, path, kept)

    def comparability(self, options: ContrastOptions) -> dict[str, Any]:
        pre = self.pair.pre
        return {
            "dose_fraction": options.dose_fraction,
            "strength": options.strength,
            "spacing_mm": list(pre.volume.geometry.spacing),
            "scanner": settings_of(pre.sources[0]) if pre.sources else None,
        }

    def parameters(self, options: ContrastOptions) -> dict[str, Any]:
        return {
            "dose_fraction": options.dose_fraction,
            "strength": options.strength,
            "lesion_mm": options.lesion_mm,
            "lesion_percent": options.lesion_percent,
            "lesion_kept": options.lesion_kept,
            "pre": str(self.pair.pre.path),
            "low": str(self.pair.low.path),
            "probes": options.probes,
        }
