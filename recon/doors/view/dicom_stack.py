"""Slices that are DICOM files: a folder of derived ones, or the originals that those refer to."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import Dataset

from recon.doors.view.stack import Layout, Stack
from recon.errors import UnreadableInput
from recon.io.dicom import SliceSource, find_files
from recon.io.dicom.read.pixels import read_slice
from recon.io.dicom.read.skipped import Refused
from recon.volumes import FloatImage

#: Pixels are the same wherever they lie.
_NOWHERE = (0.0, 0.0, 0.0)
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


class DicomStack(Stack):
    """A folder that recon wrote: one file a slice, named after its number.

    Parameters
    ----------
    folder
        Of the files.
    slices
        How many there should be; slices without a file have no result.

    Raises
    ------
    UnreadableInput
        When no file in it is an image.
    """

    def __init__(self, folder: Path, slices: int | None = None) -> None:
        files = sorted(folder.glob("*.dcm"))
        if not files:
            raise UnreadableInput(f"{folder}: holds no DICOM file")
        numbers = [int(path.stem) - 1 if path.stem.isdigit() else place for place, path in enumerate(files)]
        self.files = dict(zip(numbers, files, strict=True))
        place, header = _first_readable(files)
        self.shape = (max(slices or 0, max(numbers) + 1), int(header.Rows), int(header.Columns))
        back, last = _first_readable(files[::-1])
        first_number, last_number = numbers[place], numbers[len(files) - 1 - back]
        self.affine = _affine(header, last, max(1, last_number - first_number), first_number)
        self.layout = Layout()
        if self.affine is not None:
            # pixels of a DICOM image are stored as they are to be shown
            lengths = np.linalg.norm(self.affine[:3, :3], axis=0)
            self.layout = Layout(
                edges=_edges(self.affine), spacing=(float(lengths[2]), float(lengths[1]), float(lengths[0]))
            )

    def read(self, index: int) -> FloatImage | None:
        """One slice in the unit of its rescale."""
        path = self.files.get(index)
        return None if path is None else read_pixels(path)


class SourceStack(Stack):
    """The originals of a derived series, found by the references in its files.

    Parameters
    ----------
    derived
        The derived series.
    inputs
        Files and folders to look for the originals in; of a pair the later one is preferred.
    """

    def __init__(self, derived: DicomStack, inputs: Sequence[Path]) -> None:
        self.shape, self.layout, self.affine = derived.shape, derived.layout, derived.affine
        self._derived, self._inputs = derived, inputs
        self._found: dict[str, Path] | None = None
        self._mutex = threading.Lock()

    def read(self, index: int) -> FloatImage | None:
        """The last original of the same matrix that a slice refers to; None where it is no longer found."""
        path = self._derived.files.get(index)
        if path is None:
            return None
        known = self._originals()
        for reference in reversed(list(_header(path).get("SourceImageSequence") or [])):
            original = known.get(str(reference.get("ReferencedSOPInstanceUID", "")))
            if original is None:
                continue
            frame = reference.get("ReferencedFrameNumber")
            values = read_pixels(original, int(frame) - 1 if frame is not None else None)
            if values.shape == self.shape[1:]:
                return values
        return None

    def _originals(self) -> dict[str, Path]:
        with self._mutex:
            if self._found is None:
                self._found = {}
                for path in find_files([path for path in self._inputs if path.exists()]):
                    try:
                        header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["SOPInstanceUID"])
                        self._found[str(header.SOPInstanceUID)] = path
                    except Exception:  # noqa: S112 - whatever is no DICOM file is no original
                        continue
            return self._found


def read_pixels(path: Path, frame: int | None = None) -> FloatImage:
    """Pixels (row, column) of a file in the unit of its kind, float32.

    Raises
    ------
    UnreadableInput
        When it can't be read.
    """
    try:
        return read_slice(SliceSource(path, frame, _NOWHERE)).image
    except Refused as error:
        raise UnreadableInput(f"{path}: damaged or no DICOM image ({error.problem})") from error


def _header(path: Path) -> Dataset:
    try:
        header = pydicom.dcmread(path, stop_before_pixels=True)
        int(header.Rows), int(header.Columns)
    except Exception as error:
        words = (str(error).splitlines() or [type(error).__name__])[0]
        raise UnreadableInput(f"{path}: damaged or no DICOM image ({words})") from error
    return header


def _first_readable(files: Sequence[Path]) -> tuple[int, Dataset]:
    """The header of the first file that has one, and its place."""
    for place, path in enumerate(files[:-1]):
        try:
            return place, _header(path)
        except UnreadableInput:
            continue
    return len(files) - 1, _header(files[-1])


def _affine(first: Dataset, last: Dataset, apart: int, number: int) -> npt.NDArray[np.float64] | None:
    """From (column, row, slice) to right-anterior-superior, mm (DICOM PS3.3 C.7.6.2.1.1)."""
    try:
        across, down = np.asarray(first.ImageOrientationPatient, float).reshape(2, 3)
        rows, columns = (float(value) for value in first.PixelSpacing)
        start, end = (np.asarray(header.ImagePositionPatient, float) for header in (first, last))
    except (AttributeError, TypeError, ValueError):
        return None
    step = (end - start) / apart
    if not np.linalg.norm(step):
        step = np.cross(across, down) * float(first.get("SliceThickness") or 1.0)
    found = np.eye(4)
    found[:3, 0], found[:3, 1], found[:3, 2] = across * columns, down * rows, step
    found[:3, 3] = start - number * step
    return _LPS_TO_RAS @ found


def _edges(affine: npt.NDArray[np.float64]) -> tuple[str, str, str, str]:
    letters = (("L", "R"), ("P", "A"), ("I", "S"))
    found = []
    for place in (0, 1):
        axis = int(np.argmax(np.abs(affine[:3, place])))
        ends = letters[axis]
        found.append(ends if affine[axis, place] > 0 else ends[::-1])
    return found[0][0], found[0][1], found[1][0], found[1][1]
