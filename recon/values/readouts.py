"""k-space as it was measured: readouts, how often each of their samples was measured, and where it lies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from recon.arrays import Counts, Mask
from recon.volumes import ComplexImage, FloatImage, Geometry


@dataclass(frozen=True)
class Readouts:
    """k-space of one slice. One order of axes holds from file to model: lines, coils, samples.

    Attributes
    ----------
    samples
        (lines, coils, samples) complex64. On a Cartesian grid zero frequency is at n // 2 of lines and
        samples. Zero where nothing was measured; a zero that was measured is a sample.
    counts
        (lines, samples) uint16: of how many measurements a sample is the mean, 0 where there is none.
    trajectory
        (lines, samples, 2) float32: along the image's columns, then its rows, in cycles per pixel from
        -0.5 to 0.5. None on a Cartesian grid.

    Raises
    ------
    ValueError
        When shapes do not belong together.
    """

    samples: ComplexImage
    counts: Counts
    trajectory: FloatImage | None = None

    def __post_init__(self) -> None:
        lines, _, samples = self.samples.shape
        if self.counts.shape != (lines, samples):
            raise ValueError(f"counts are {self.counts.shape}; there are {lines} lines of {samples} samples")
        if self.trajectory is not None and self.trajectory.shape != (lines, samples, 2):
            raise ValueError(f"the trajectory is {self.trajectory.shape}; it has two numbers for each sample")

    @classmethod
    def of_grid(cls, kspace: ComplexImage, mask: Mask | None = None, trajectory: FloatImage | None = None) -> Readouts:
        """Of k-space (coils, samples, lines), once measured where ``mask`` (samples, lines) says; else everywhere."""
        samples = np.ascontiguousarray(kspace.transpose(2, 0, 1), np.complex64)
        if mask is None:
            return cls(samples, np.ones(samples[:, 0].shape, np.uint16), trajectory)
        lines = np.ascontiguousarray(mask.T)
        return cls(samples * lines[:, None], lines.astype(np.uint16), trajectory)

    @property
    def grid(self) -> ComplexImage:
        """(coils, samples, lines): rows and columns of the image; a view."""
        return self.samples.transpose(1, 2, 0)

    @property
    def mask(self) -> Mask:
        """(lines, samples): which were measured."""
        return self.counts > 0

    def without(self, coils: Mask) -> Readouts:
        """Of the other coils; these, (coils,) bool, are left out."""
        return replace(self, samples=self.samples[:, ~coils]) if coils.any() else self

    @property
    def averaged(self) -> float:
        """What averaging left of the noise's standard deviation, root mean square over measured samples."""
        counts = self.counts[self.counts > 0]
        return float(np.sqrt(np.mean(1.0 / counts))) if counts.size else 1.0


@dataclass(frozen=True)
class ReadoutPart:
    """Some readouts of a slice.

    Attributes
    ----------
    lines
        (n,) their places.
    values
        (n, coils, samples) complex64.
    counts
        (n, samples), of how many measurements each sample is the mean; None for one each.
    paths
        (n, samples, 2) float32 in cycles per pixel; None on a Cartesian grid.
    """

    lines: npt.NDArray[np.int64]
    values: ComplexImage
    counts: Counts | None = None
    paths: FloatImage | None = None


@dataclass(frozen=True)
class KSpace:
    """k-space of a stack of slices, loaded one slice at a time.

    Attributes
    ----------
    slices, coils, samples, lines
        Of the readouts; lines are the phase-encoding steps, or the readouts of a trajectory.
    geometry
        Of the images: rows along the readout, columns along the phase encoding.
    load
        The readouts of a slice.
    matrix
        Rows and columns of the image of the whole field of view, where it is finer than the k-space or
        the k-space is not Cartesian.
    noise_std
        Of the real part of one measurement of a coil; 0 where no noise scan tells.
    kind
        ``cartesian``, ``radial`` or ``spiral``.
    coming
        Readouts of a slice as they come in, each line as often as it is measured; waits for the next. None where
        slices are there as a whole.
    """

    slices: int
    coils: int
    samples: int
    lines: int
    geometry: Geometry
    load: Callable[[int], Readouts]
    matrix: tuple[int, int] | None = None
    noise_std: float = 0.0
    kind: str = "cartesian"
    coming: Callable[[int], Iterator[ReadoutPart]] | None = None

    @property
    def image_shape(self) -> tuple[int, int]:
        """Rows and columns of the image that the service returns."""
        return self.matrix or (self.samples, self.lines)
