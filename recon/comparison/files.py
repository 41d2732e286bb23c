"""A comparison as files: NIfTI, of DICOM also Parametric Maps, and a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recon.comparison.compared import Compared, Subtracted
from recon.comparison.picture import draw
from recon.io.dicom.write.comparison import change_map, difference_map
from recon.io.disk import written
from recon.io.kspace.results import write_volume
from recon.io.nifti import write_nifti
from recon.io.output_folder import write_json

_NAMES = ("comparison.json", "comparison.png", "difference.nii.gz", "change.nii.gz", "difference.dcm", "change.dcm")


def write(found: Compared, folder: Path) -> None:
    """Write ``comparison.json`` and, where something was subtracted, difference, changes and picture.

    What an earlier comparison left in the folder goes.

    Raises
    ------
    OutputFailed
        When a file can't be written.
    """
    with written(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name in _NAMES:  # nothing of an earlier comparison stays beside this one's statement
            (folder / name).unlink(missing_ok=True)
    if found.subtracted is not None:
        _images(found.subtracted, found.after.record.get("model") or "", folder)
        draw(found.subtracted, folder / "comparison.png")
    write_json(folder / "comparison.json", found.to_json())


def _images(found: Subtracted, model: str, folder: Path) -> None:
    # outside of the later scan nothing is known: no difference, which is not a difference of 0, and no change
    difference, beyond = found.changes.difference, found.changes.beyond.astype(np.float32)
    for values, name, words in (
        (difference, "difference", "difference of two scans"),
        (beyond, "change", "changes between two scans"),
    ):
        if found.before.like is not None:
            write_nifti(values, found.before.like, folder / f"{name}.nii.gz", words)
        else:
            write_volume(values, found.before.image.geometry, folder / f"{name}.nii.gz")
    if found.before.sources:
        unit = found.before.image.unit
        for made, planes in (
            (difference_map(model, unit, folder / "difference.dcm"), difference),
            (change_map(model, unit, folder / "change.dcm"), beyond),
        ):
            for index, (plane, source) in enumerate(zip(planes, found.before.sources, strict=True)):
                made.put(plane, source, index)
            made.close()
