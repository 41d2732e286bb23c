"""A result that is to be compared: what it says of itself, its image and half-width."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from recon.errors import UnreadableInput
from recon.io.dicom.read.headers import open_header, text
from recon.io.dicom.read.own import OwnSeries, read_own
from recon.io.dicom.read.records import SliceSource
from recon.io.dicom.read.settings import settings_of
from recon.io.dicom.write.derive import UNCERTAINTY
from recon.io.nifti import NiftiVolume, read_nifti
from recon.quality.comparability import record
from recon.tasks.base import Task
from recon.tasks.registry import tasks
from recon.volumes import FloatImage, Volume


@dataclass(frozen=True)
class Images:
    """What is subtracted.

    Attributes
    ----------
    image
        With its place.
    width
        (slice, y, x) half-width of its 90 % interval.
    like
        The file, where it is NIfTI.
    sources
        The slices' files, where they are DICOM.
    """

    image: Volume
    width: FloatImage
    like: NiftiVolume | None = None
    sources: tuple[SliceSource, ...] = ()


@dataclass(frozen=True)
class Result:
    """One of two.

    Attributes
    ----------
    path
        A result folder, or one of DICOM series that recon wrote.
    record
        ``comparability`` of its report, or what its headers say.
    verdict
        Of its report; empty where there is none.
    patient
        Patient ID of its DICOM files; empty where it is not known.
    """

    path: Path
    record: Mapping[str, Any]
    verdict: str
    patient: str = ""

    def images(self) -> Images:
        """Image and half-width.

        Raises
        ------
        UnreadableInput
            When one of them is missing or damaged.
        """
        files = [self.path / f"{name}.nii.gz" for name in ("image", "uncertainty")]
        if files[0].exists():
            for path in files:
                if not path.exists():
                    raise UnreadableInput(f"{path}: no such file; without an interval nothing can be called a change")
            image, width = (read_nifti(path, own=True) for path in files)
            return Images(self._in_unit(image.volume), width.volume.values, like=image)
        image_series, width_series = _dicom(self.path)
        volume = self._in_unit(image_series.volume)
        return Images(volume, width_series.volume.values, sources=tuple(image_series.sources))

    def _in_unit(self, volume: Volume) -> Volume:
        """In the unit of its task: a NIfTI file names none."""
        task = tasks().get(str(self.record.get("task")))
        return volume if task is None else replace(volume, unit=task.unit)


def open_result(path: Path) -> Result:
    """What a result says of itself: by its report, or of DICOM series without one by their headers.

    Raises
    ------
    UnreadableInput
        When it is no result, or one of a version that kept no record.
    """
    if not (path / "report.json").exists():
        return _of_headers(path)
    try:
        content = json.loads((path / "report.json").read_text())
    except (OSError, ValueError) as error:
        raise UnreadableInput(f"{path}: its report.json can't be read") from error
    known = content.get("comparability") if isinstance(content, dict) else None
    if not isinstance(known, dict):
        raise UnreadableInput(f"{path}: its report has no comparability; process the scan again")
    first = next(iter(sorted((path / "image").glob("*.dcm"))), None)
    return Result(path, known, str(content.get("verdict") or ""), _patient(first) if first is not None else "")


def _of_headers(path: Path) -> Result:
    image, _ = _dicom(path)
    name, _, checksum = image.model.partition(" sha256:")
    model, _, version = name.partition(":")
    (task,) = _makers(image.kind, image.derivation)
    known = {
        "spacing_mm": list(image.volume.geometry.spacing),
        "scanner": settings_of(image.sources[0]),
        **(task.recalled(image.kind, image.derivation) or {}),
    }
    made = {"name": model, "version": version, "sha256": checksum or None}
    return Result(path, record(task.name, made, image.volume.shape, known), "", _patient(image.sources[0].path))


def _patient(path: Path) -> str:
    return text(open_header(path), "PatientID")


def _makers(image_type: str, derivation: str = "") -> list[Task]:
    """The task that images are of; none where they are none."""
    return [task for task in tasks().values() if task.recalled(image_type, derivation) is not None][:1]


def _dicom(path: Path) -> tuple[OwnSeries, OwnSeries]:
    """The one series of images in a folder, and the one of half-widths."""
    found = read_own(path, lambda kind: kind == UNCERTAINTY or bool(_makers(kind))) if path.exists() else []
    images, widths = ([one for one in found if (one.kind == UNCERTAINTY) is wanted] for wanted in (False, True))
    if len(images) != 1 or len(widths) != 1:
        counts = f"{len(images)} series of images and {len(widths)} of uncertainty"
        raise UnreadableInput(f"{path}: no result of recon, or not one alone: no report.json, {counts} that it wrote")
    if images[0].volume.shape != widths[0].volume.shape:
        raise UnreadableInput(f"{path}: image and uncertainty have other slices")
    return images[0], widths[0]
