"""Encodings of a 64x64 image in k-space: which positions are measured, in which order, and the transform there.

An encoding is a list of positions in k-space; the measured samples are the Fourier transform of the image
at these positions, unitary on the full Cartesian grid. The four names are those of Zhu et al., *Image
reconstruction by domain-transform manifold learning*, Nature 555:487 (2018), each with a pattern of our own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from recon.arrays import ComplexArray, FloatArray, Mask

#: Pixels a side of the images that these encodings encode.
SIDE = 64
#: Timing error of the misaligned encoding, in samples of the readout.
DELAY = 0.75
NAMES = ("poisson_disc", "misaligned", "radial", "spiral")

_POISSON_DISTANCE = 1.12  # gives three eighths of the grid
_SPOKES = 28
_INTERLEAVES, _INTERLEAVE_SAMPLES, _TURNS = 8, 224, 3.5


@dataclass(frozen=True, eq=False)
class Encoding:
    """Positions in k-space, and how their samples lie in a raw-data array.

    Attributes
    ----------
    name
        One of :data:`NAMES`.
    positions
        (samples, 2) float32 in cycles per pixel, along the image's rows' axis (ky) and columns' axis (kx).
    shape
        Raw-data array (along the readout, readouts) that the samples are taken from.
    measured
        Flat indices into that array, one a sample.
    cartesian
        Whether the raw-data array is the k-space grid; otherwise a trajectory says where a sample lies.
    delay
        How late the odd lines of a Cartesian encoding are read, in samples.
    """

    name: str
    positions: FloatArray
    shape: tuple[int, int]
    measured: npt.NDArray[np.int64]
    cartesian: bool
    delay: float = 0.0

    @property
    def mask(self) -> Mask:
        """Which elements of the raw-data array are measured, ``shape`` bool."""
        mask = np.zeros(self.shape, bool)
        mask.ravel()[self.measured] = True
        return mask

    @property
    def trajectory(self) -> FloatArray:
        """(along the readout, readouts, 2) float32 in cycles per pixel (ky, kx); empty for Cartesian encodings."""
        return np.zeros((0, 0, 2), np.float32) if self.cartesian else self.positions.reshape(*self.shape, 2)

    def forward(self, images: ComplexArray) -> ComplexArray:
        """Samples (..., samples) of images (..., y, x)."""
        rows, columns = self.exponentials()
        return np.asarray(np.einsum("sy,...ys->...s", rows, images @ columns.T), np.complex64)

    def adjoint(self, samples: ComplexArray) -> ComplexArray:
        """Images (..., y, x) of samples (..., samples): the conjugate transpose of :meth:`forward`."""
        rows, columns = self.exponentials()
        weighted = samples[..., None, :] * rows.conj().T
        return np.asarray(weighted @ columns.conj(), np.complex64)

    def matrix(self) -> ComplexArray:
        """The encoding as a matrix (samples, y x), complex64."""
        rows, columns = self.exponentials()
        return np.asarray((rows[:, :, None] * columns[:, None, :]).reshape(len(self.positions), -1), np.complex64)

    def take(self, raw: ComplexArray) -> ComplexArray:
        """The measured samples (..., samples) of raw-data arrays (..., *shape)."""
        return np.asarray(raw.reshape(*raw.shape[:-2], -1)[..., self.measured], np.complex64)

    def put(self, samples: ComplexArray) -> ComplexArray:
        """Raw-data arrays (..., *shape) of samples (..., samples); zero where nothing is measured."""
        raw = np.zeros((*samples.shape[:-1], self.shape[0] * self.shape[1]), np.complex64)
        raw[..., self.measured] = samples
        return raw.reshape(*samples.shape[:-1], *self.shape)

    def density(self) -> FloatArray:
        """Area of k-space that a sample stands for, (samples,) float32, in cells of the grid.

        Samples of one radius share their annulus; both non-Cartesian patterns are symmetric under rotation.
        """
        if self.cartesian:
            return np.ones(len(self.positions), np.float32)
        radius = np.round(np.hypot(*self.positions.astype(np.float64).T) * SIDE, 4)
        rings, ring, count = np.unique(radius, return_inverse=True, return_counts=True)
        middle = (rings[1:] + rings[:-1]) / 2
        outer = np.append(middle, 2 * rings[-1] - middle[-1])
        inner = np.append(0.0, middle) if rings[0] == 0 else np.append(max(0.0, 2 * rings[0] - middle[0]), middle)
        return np.asarray((np.pi * (outer**2 - inner**2) / count)[ring], np.float32)

    def exponentials(self) -> tuple[ComplexArray, ComplexArray]:
        """exp(-2 pi i k r) along y and along x, (samples, side) complex64 each, scaled so that their product is E."""
        return _exponentials(self.name)


@cache
def encoding(name: str) -> Encoding:
    """The encoding of that name, the same each time.

    Raises
    ------
    ValueError
        When there is none.
    """
    if name == "poisson_disc":
        return _cartesian(name, poisson_disc(SIDE, _POISSON_DISTANCE, seed=1), 0.0)
    if name == "misaligned":
        return _cartesian(name, np.ones((SIDE, SIDE), bool), DELAY)
    if name == "radial":
        return _along(name, radial(SIDE, _SPOKES))
    if name == "spiral":
        return _along(name, spiral(_INTERLEAVE_SAMPLES, _INTERLEAVES, _TURNS))
    raise ValueError(f"no encoding is called {name!r}; there are {', '.join(NAMES)}")


def poisson_disc(side: int, distance: float, seed: int) -> Mask:
    """Random samples of a grid that keep a distance growing from the centre, (side, side) bool.

    Darts in random order, each accepted when none lies within its radius (Cook, ACM TOG 5:51, 1986). A
    full central block of a tenth of the side is always measured.

    Parameters
    ----------
    side
        Of the grid.
    distance
        In cells of the grid, times 0.45 at the centre and 1.45 at the middle of an edge.
    seed
        Of the order.
    """
    order = np.random.default_rng(seed).permutation(side * side)
    y, x = np.divmod(order, side)
    radius = distance * (0.45 + np.hypot(y - side // 2, x - side // 2) / (side / 2))
    inner = np.maximum(abs(y - side // 2), abs(x - side // 2)) <= side // 20
    mask = np.zeros((side, side), bool)
    mask[y[inner], x[inner]] = True
    for row, column, reach in zip(y, x, radius, strict=True):
        whole = int(reach)
        top, left = max(0, row - whole), max(0, column - whole)
        near_y, near_x = np.nonzero(mask[top : row + whole + 1, left : column + whole + 1])
        if not np.any((near_y + top - row) ** 2 + (near_x + left - column) ** 2 < reach * reach):
            mask[row, column] = True
    return mask


def radial(samples: int, spokes: int) -> FloatArray:
    """Spokes through the centre at equal angles, (samples, spokes, 2) float32 in cycles per pixel."""
    along = (np.arange(samples) - samples // 2) / samples
    angle = np.pi * np.arange(spokes) / spokes
    return np.stack([along[:, None] * np.sin(angle), along[:, None] * np.cos(angle)], -1).astype(np.float32)


def spiral(samples: int, interleaves: int, turns: float) -> FloatArray:
    """Spirals from the centre outward, denser there, (samples, interleaves, 2) float32 in cycles per pixel."""
    outward = (np.arange(samples) / (samples - 1)) ** 0.5  # slower at the edge, where the way round is longer
    angle = 2 * np.pi * (turns * outward[:, None] + np.arange(interleaves) / interleaves)
    radius = 0.5 * outward[:, None] ** 1.5
    return np.stack([radius * np.sin(angle), radius * np.cos(angle)], -1).astype(np.float32)


def _cartesian(name: str, mask: Mask, delay: float) -> Encoding:
    """Readouts along ky, lines along kx; every other line is read ``delay`` samples late."""
    along, line = np.nonzero(mask)
    ky = (along - SIDE // 2 + delay * (line % 2)) / SIDE
    kx = (line - SIDE // 2) / SIDE
    positions = np.stack([ky, kx], -1).astype(np.float32)
    return Encoding(name, positions, (SIDE, SIDE), np.flatnonzero(mask), True, delay)


def _along(name: str, trajectory: FloatArray) -> Encoding:
    samples, readouts, _ = trajectory.shape
    return Encoding(name, trajectory.reshape(-1, 2), (samples, readouts), np.arange(samples * readouts), False)


@cache
def _exponentials(name: str) -> tuple[ComplexArray, ComplexArray]:
    """exp(-2 pi i k r) along y and x, (samples, side) complex64, each with half of the unitary scale."""
    positions = encoding(name).positions.astype(np.float64)
    place = np.arange(SIDE) - SIDE // 2
    rows, columns = (np.exp(-2j * np.pi * positions[:, axis, None] * place) / np.sqrt(SIDE) for axis in (0, 1))
    return rows.astype(np.complex64), columns.astype(np.complex64)
