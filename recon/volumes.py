"""Images with geometry and units, as they pass between rooms."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

import numpy as np
import numpy.typing as npt

from recon.arrays import ComplexImage as ComplexImage
from recon.arrays import FloatImage as FloatImage
from recon.errors import UnusableData

#: No scanner has pixels or slices outside of this, mm: smaller ones are metres, larger ones micrometres.
SMALLEST_MM, LARGEST_MM = 0.05, 50.0
#: Cosine of the angle between two axes: rows and columns stand square, the stack may be tilted by 45 degrees.
_SQUARE, _TILTED = 0.05, 0.7
#: One side of a pixel over the other, at most; and how far from the scanner's centre anything lies, mm.
LONGEST_PIXEL, FARTHEST_MM = 20.0, 1e5


class Unit(Enum):
    """Unit of sample values."""

    HU = "HU"
    ARBITRARY = "arbitrary"


@dataclass(frozen=True)
class Geometry:
    """Placement in the patient.

    Attributes
    ----------
    affine
        4x4, maps (column, row, slice, 1) to mm in LPS (DICOM patient coordinates). Gantry tilt is
        the shear between the slice axis and the others.
    """

    affine: npt.NDArray[np.float64]

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Distance in mm between columns, rows and slices."""
        lengths = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(lengths[0]), float(lengths[1]), float(lengths[2])

    @property
    def impossible(self) -> str:
        """What about the placement can't be, in words; empty when nothing is.

        Axes may be sheared as a gantry tilt shears them, the image plane itself is rectangular.
        """
        affine = self.affine
        if affine.shape != (4, 4) or not np.isfinite(affine).all():
            return "its affine is no 4x4 matrix of finite numbers"
        if not np.allclose(affine[3], (0, 0, 0, 1), rtol=0, atol=1e-6):
            return f"the last row of its affine is {affine[3].tolist()}, not 0 0 0 1"
        for name, step in zip(("columns", "rows", "slices"), self.spacing, strict=True):
            if not SMALLEST_MM <= step <= LARGEST_MM:
                return (
                    f"its {name} lie {step:.4g} mm apart; {SMALLEST_MM:g} to {LARGEST_MM:g} mm are possible "
                    "(metres or micrometres?)"
                )
        shorter, longer = sorted(self.spacing[:2])
        if longer > LONGEST_PIXEL * shorter:
            return f"its pixels are {shorter:.4g} by {longer:.4g} mm; one side may be {LONGEST_PIXEL:g} times the other"
        if (away := float(np.abs(affine[:3, 3]).max())) > FARTHEST_MM:
            return f"it lies {away:.4g} mm away from the scanner's centre; at most {FARTHEST_MM:g} (100 m)"
        column, row, stack = (affine[:3, :3] / np.array(self.spacing)).T
        if (square := abs(float(column @ row))) > _SQUARE:
            return f"the cosine between its rows and columns is {square:.3g}; they stand square, at most {_SQUARE:g}"
        normal = np.cross(column, row)
        if (upright := abs(float(stack @ (normal / np.linalg.norm(normal))))) < _TILTED:
            return f"its slices are tilted, cosine {upright:.3g}; at least {_TILTED:g}, which is 45 degrees"
        return ""

    @classmethod
    def from_spacing(cls, column_mm: float, row_mm: float, slice_mm: float) -> Geometry:
        """An axial volume at the origin."""
        return cls(np.diag([column_mm, row_mm, slice_mm, 1.0]))


@dataclass(frozen=True)
class Volume:
    """A stack of slices.

    Attributes
    ----------
    values
        (slice, y, x) float32.
    geometry
        Placement in the patient.
    unit
        Of the values.
    whole_numbers
        Whether all values are whole and fit 16 bits, so that they may travel as integers.
    """

    values: FloatImage
    geometry: Geometry
    unit: Unit = field(default=Unit.HU)
    whole_numbers: bool = False

    def __post_init__(self) -> None:
        if self.values.ndim != 3 or 0 in self.values.shape:
            raise UnusableData(f"a volume needs (slice, y, x) samples, not shape {self.values.shape}")
        if self.values.dtype != np.float32:
            raise UnusableData(f"a volume needs float32 samples, not {self.values.dtype}")

    @property
    def shape(self) -> tuple[int, int, int]:
        """(slices, rows, columns)."""
        slices, rows, columns = self.values.shape
        return slices, rows, columns
