"""A comparison as files: NIfTI, of DICOM also Parametric Maps, and a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recon.comparison.compared import Compared, Subtracted
from recon.comparison.picture import draw
from recon.errors import InvalidRequest, OutputFailed
from recon.io.dicom.write.comparison import change_map, difference_map
from recon.io.disk import written
from recon.io.kspace.results import write_volume
from recon.io.nifti import write_nifti
from recon.io.output_folder import is_comparison, write_json

_NAMES = ("comparison.json", "comparison.png", "difference.nii.gz", "change.nii.gz", "difference.dcm", "change.dcm")


def require_place(folder: Path, *results: Path) -> None:
    """See that a comparison may go into a folder, and make it: before anything is computed.

    Raises
    ------
    InvalidRequest
        When it is one of the results themselves.
    OutputFailed
        When it can't be made, or something is there that would be lost and is no comparison of ours.
    """
    taken = {path.resolve() for path in (folder, *(folder / name for name in _NAMES))}
    for result in results:
        if result.resolve() in taken:
            raise InvalidRequest(f"{folder}: a comparison can't lie in one of its results; give -o another folder")
    if not is_comparison(folder):
        for name in _NAMES:
            if (folder / name).exists():
                words = f"{folder / name}: is there and is of no comparison of recon"
                raise OutputFailed(f"{words}; choose another folder with -o")
    with written(folder):
        folder.mkdir(parents=True, exist_ok=True)


def write(found: Compared, folder: Path) -> None:
    """Write ``comparison.json`` and, where something was subtracted, difference, changes and picture.

    What an earlier comparison left in the folder goes; :func:`require_place` has seen that it is one.

    Raises
    ------
    OutputFailed
        When a file can't be written.
    """
    with written(folder):
        for name in _NAMES:  # nothing of an earlier comparison stays beside this one's statement
            (folder / name).unlink(missing_ok=True)
    write_json(folder / "comparison.json", found.to_json())  # first: by it the folder is known, whatever happens
    if found.subtracted is not None:
        _images(found.subtracted, found.after.record.get("model") or "", folder)
        draw(found.subtracted, folder / "comparison.png")


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
