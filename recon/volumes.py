"""Images with geometry and units, as they pass between rooms."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

import numpy as np
import numpy.typing as npt

from recon.errors import UnusableData

FloatImage = npt.NDArray[np.float32]
ComplexImage = npt.NDArray[np.complex64]


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
