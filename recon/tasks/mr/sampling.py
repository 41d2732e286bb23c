"""How a scan was sampled: what the choice of a model and the checks look at."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from recon.arrays import Mask
from recon.physics.sampling import calibration_block, calibration_size
from recon.physics.trajectory_coverage import coverage_of
from recon.volumes import FloatImage


@dataclass(frozen=True)
class Sampling:
    """Of a slice.

    Attributes
    ----------
    kind
        ``cartesian``, ``radial`` or ``spiral``.
    coils, rows, columns
        Of the k-space; for a trajectory, samples and readouts that were measured.
    acceleration
        Samples of the matrix over samples measured; along a trajectory, how far apart neighbours lie where they are
        farthest apart, see :class:`recon.physics.trajectory_coverage.Coverage`.
    calibration
        Shorter side of the fully sampled rectangle about zero frequency, which a half echo leaves off the centre; 0
        along a trajectory.
    centred
        Of the largest such rectangle that is centred.
    line_acceleration
        Lines of the matrix over lines of which anything was measured.
    """

    kind: str
    coils: int
    rows: int
    columns: int
    acceleration: float = 1.0
    calibration: int = 0
    centred: int = 0
    line_acceleration: float = 1.0

    @property
    def words(self) -> str:
        """For a person."""
        coils = f"{self.coils} coil{'s' if self.coils > 1 else ''}"
        if self.kind != "cartesian":
            return f"{self.kind}, {self.columns} readouts of {self.rows} samples, {coils}"
        return (
            f"Cartesian {self.rows}x{self.columns}, {coils}, acceleration {self.acceleration:.2f}, "
            f"calibration region {self.calibration}"
        )


def sampling_of(
    mask: Mask,
    coils: int,
    kind: str = "cartesian",
    path: FloatImage | None = None,
    matrix: tuple[int, int] = (1, 1),
) -> Sampling:
    """Of what was measured.

    Parameters
    ----------
    mask
        (lines, samples), with one sample at least.
    coils, kind
        Of the scan.
    path
        Trajectory (lines, samples, 2) of the samples; None on a grid.
    matrix
        Of the image; for a trajectory alone.
    """
    lines, samples = mask.shape
    measured = max(int(mask.sum()), 1)
    if path is not None:
        acceleration = coverage_of(path[mask], max(matrix)).acceleration
        return Sampling(kind, coils, samples, int(mask.any(axis=1).sum()), acceleration)
    rows, columns = calibration_block(mask.T)
    return Sampling(
        kind,
        coils,
        samples,
        lines,
        mask.size / measured,
        min(rows.stop - rows.start, columns.stop - columns.start),
        min(calibration_size(mask.T)),
        lines / max(int(mask.any(axis=1).sum()), 1),
    )


def mask_record(mask: Mask) -> dict[str, Any]:
    """Of the mask (lines, samples) of a scan, what a later scan must share to be compared."""
    measured = np.flatnonzero(mask.any(axis=1))
    return {
        "mask": hashlib.sha256(np.packbits(mask).tobytes() + str(mask.shape).encode()).hexdigest()[:16],
        "acceleration": round(mask.size / max(int(mask.sum()), 1), 3),
        "first_line": int(measured[0]) if measured.size else None,
    }
