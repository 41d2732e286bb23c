"""A stack of slices that are read one at a time, and how each is to be turned for the eye."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import nibabel as nib
import numpy as np
import numpy.typing as npt

from recon.volumes import FloatImage


@dataclass(frozen=True)
class Layout:
    """How the axes of a file become slices, rows and columns on a screen.

    Attributes
    ----------
    axes
        The file's axes of slices, rows and columns.
    flip_rows, flip_columns
        Whether they run the other way on the screen.
    edges
        Letters of the patient's sides at left, right, top and bottom; empty where nobody knows.
    spacing
        Distance of slices, rows and columns, mm.
    """

    axes: tuple[int, int, int] = (0, 1, 2)
    flip_rows: bool = False
    flip_columns: bool = False
    edges: tuple[str, str, str, str] = ("", "", "", "")
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def turned(self, plane: npt.NDArray[np.generic]) -> FloatImage:
        """A (row, column) plane of the file as it is shown."""
        rows = slice(None, None, -1) if self.flip_rows else slice(None)
        columns = slice(None, None, -1) if self.flip_columns else slice(None)
        return np.ascontiguousarray(plane[rows, columns], dtype=np.float32)


class Stack(ABC):
    """Slices of one kind of image.

    Attributes
    ----------
    shape
        (slices, rows, columns) as shown.
    layout
        How they lie in the patient.
    affine
        4x4, mm, from (column, row, slice) as shown to right-anterior-superior; None where nobody knows.
    """

    shape: tuple[int, int, int]
    layout: Layout
    affine: npt.NDArray[np.float64] | None = None

    @abstractmethod
    def read(self, index: int) -> FloatImage | None:
        """One slice (row, column) float32; None where this one was never made.

        Raises
        ------
        UnreadableInput
            When it is there and can't be read.
        """

    def close(self) -> None:
        """Let go of files."""
        return


_OPPOSITE = {"L": "R", "R": "L", "A": "P", "P": "A", "S": "I", "I": "S", "": ""}


def layout_of(affine: npt.NDArray[np.float64] | None, shape: tuple[int, ...], slice_axis: int) -> Layout:
    """Rows and columns as radiologists look at them: from the feet, from the front, from the left.

    Parameters
    ----------
    affine
        From voxels to right-anterior-superior, mm; None where the file doesn't say.
    shape
        Of the file's three axes.
    slice_axis
        The axis that slices are counted along.
    """
    rest = [axis for axis in range(3) if axis != slice_axis]
    if affine is None:
        return Layout((slice_axis, rest[1], rest[0]))
    codes = [str(code or "") for code in nib.aff2axcodes(affine)]
    # columns run from side to side, or from front to back where the slices already run from side to side
    columns = next((axis for axis in rest if codes[axis] in "LR"), None)
    if columns is None:
        columns = next((axis for axis in rest if codes[axis] in "AP"), rest[0])
    rows = next(axis for axis in rest if axis != columns)
    flip_columns, flip_rows = codes[columns] in ("R", "A", "S"), codes[rows] in ("A", "S", "R")
    right = _OPPOSITE[codes[columns]] if flip_columns else codes[columns]
    bottom = _OPPOSITE[codes[rows]] if flip_rows else codes[rows]
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    return Layout(
        (slice_axis, rows, columns),
        flip_rows,
        flip_columns,
        (_OPPOSITE[right], right, _OPPOSITE[bottom], bottom),
        (float(lengths[slice_axis]), float(lengths[rows]), float(lengths[columns])),
    )


def shown_affine(
    affine: npt.NDArray[np.float64], layout: Layout, shape: tuple[int, int, int]
) -> npt.NDArray[np.float64]:
    """From (column, row, slice) as shown to right-anterior-superior, mm."""
    slices, rows, columns = layout.axes
    found = np.eye(4)
    found[:3, :3] = affine[:3, [columns, rows, slices]]
    found[:3, 3] = affine[:3, 3]
    for place, flipped, length in ((0, layout.flip_columns, shape[2]), (1, layout.flip_rows, shape[1])):
        if flipped:
            found[:3, 3] += found[:3, place] * (length - 1)
            found[:3, place] *= -1
    return found
