"""The head in the pre scan, in blocks, and how another scan lies on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recon.physics.gaussian import gaussian
from recon.tasks.contrast.coarse import coarse_geometry, eroded, high_level, inside, shrink, some, steps_of
from recon.volumes import FloatImage, Volume

Matrix = npt.NDArray[np.float64]
COARSE_MM = 2.0
#: Blocks, after averaging.
_SMOOTHING = 0.7
#: Blocks of the head that a motion is measured at, and likeness: enough to average noise to a few micrometres.
_PLACES, _LIKENESS_PLACES = 16_000, 40_000
_POINTS = 4000


@dataclass(frozen=True)
class CoarseScan:
    """Another scan in blocks.

    Attributes
    ----------
    values
        (slice, y, x), averaged and smoothed; for ``order`` 3 the coefficients of its cubic spline.
    affine
        From (column, row, slice) to mm.
    order
        Of the spline between blocks.
    """

    values: FloatImage
    affine: Matrix
    order: int = 1


class Head:
    """The head in the pre scan, in blocks of 2 mm, and how another scan lies on it.

    Attributes
    ----------
    scan
        The pre scan.
    steps
        (slice, row, column) voxels in a block.
    blocks, pre
        (slice, y, x) means of blocks, and the same smoothed.
    mask
        (slice, y, x) where the head is.
    """

    def __init__(self, scan: Volume) -> None:
        spacing = scan.geometry.spacing
        self.scan, self.steps = scan, steps_of((spacing[2], spacing[1], spacing[0]), COARSE_MM)
        self.blocks = shrink(scan.values, self.steps)
        self.pre = self.smoothed(self.blocks)
        self.geometry = coarse_geometry(scan.geometry, self.steps)
        level = high_level(self.pre, 0.2)
        self.mask = self.pre > (level if np.isfinite(level) else 1.0)
        self._points = self._to_mm(self._indices(some(self.mask, _POINTS)))
        self._places = some(inside(self.mask), _PLACES)
        self._around = self.around(self.pre)
        inner = eroded(self.mask, 2)
        self._inner = some(inner if inner.sum() > 500 else self.mask, _LIKENESS_PLACES)

    def _indices(self, flat: npt.NDArray[np.intp]) -> Matrix:
        """(n, 3) columns, rows, slices."""
        return np.stack(np.unravel_index(flat, self.pre.shape)[::-1], 1).astype(np.float64)

    def _to_mm(self, places: Matrix) -> Matrix:
        affine = self.geometry.affine
        return places @ affine[:3, :3].T + affine[:3, 3]

    def coarse(self, values: FloatImage) -> FloatImage:
        """A scan on the same grid, averaged and smoothed as the pre scan is here."""
        return self.smoothed(shrink(values, self.steps))

    @staticmethod
    def smoothed(blocks: FloatImage) -> FloatImage:
        """Means of blocks, smoothed as those of the pre scan are."""
        return gaussian(blocks, _SMOOTHING)

    def around(self, coarse: FloatImage) -> FloatImage:
        """(7, places): a coarse scan on the same grid at places of the head, and at the blocks beside them."""
        flat, (_, rows, columns) = coarse.reshape(-1), coarse.shape
        steps = (0, 1, -1, columns, -columns, rows * columns, -rows * columns)
        return np.stack([flat[self._places + step] for step in steps])

    def around_in(self, scan: CoarseScan, motion: Matrix) -> tuple[FloatImage, npt.NDArray[np.bool_]]:
        """As :meth:`around` of a scan on any grid, moved; and at which places it shows anything."""
        to_index = self.index_in(scan, motion)
        middle = self._indices(self._places) @ to_index[:3, :3].T + to_index[:3, 3]
        beside = [sign * to_index[:3, axis] for axis in range(3) for sign in (1, -1)]
        places = np.stack([middle, *(middle + step for step in beside)])
        limits = np.array(scan.values.shape[::-1]) - 0.5
        return sampled(scan, places), ((middle >= -0.5) & (middle <= limits)).all(axis=1)

    def index_in(self, scan: CoarseScan, motion: Matrix) -> Matrix:
        """(4, 4) from indices of the pre scan's blocks to those of another scan that has moved."""
        return np.linalg.inv(scan.affine) @ motion @ self.geometry.affine

    def small_motion(self, coarse: FloatImage) -> Matrix:
        """Rigid motion (4x4, mm) that brings a coarse scan on the same grid onto the pre scan, to first order."""
        return self.step(self.around(coarse))

    def step(self, around: FloatImage, shown: npt.NDArray[np.bool_] | None = None) -> Matrix:
        """Rigid motion (4x4, mm) that brings a scan onto the pre scan, by its values (7, places).

        To first order: the difference of the scans is their slope times the motion, plus a gain.
        """
        ours, places = self._around, self._places
        if shown is not None and not shown.all():
            ours, around, places = ours[:, shown], around[:, shown], places[shown]
        if len(places) < 500:
            return np.eye(4)
        scale = float(np.median(ours[0]) / max(float(np.median(around[0])), 1e-9))
        around = around * np.float32(scale)
        mean = (0.5 * (ours + around)).astype(np.float64)
        inverse = np.linalg.inv(self.geometry.affine[:3, :3])
        slope = (0.5 * (mean[1::2] - mean[2::2])).T @ inverse  # per mm, x, y, z
        where = self._to_mm(self._indices(places))
        middle = where.mean(axis=0)
        table = np.concatenate([-slope, -np.cross(where - middle, slope), mean[0][:, None]], 1)
        norm = np.maximum(np.linalg.norm(table, axis=0), 1e-12)
        table /= norm
        difference = (around[0] - ours[0]).astype(np.float64)
        weight = np.ones(len(difference))
        found = np.zeros(7)
        for _ in range(6):
            weighted = table * weight[:, None]
            found = np.linalg.solve(weighted.T @ table + 1e-9 * np.eye(7), weighted.T @ difference)
            error = difference - table @ found
            limit = 4.0 * 1.4826 * float(np.median(np.abs(error))) + 1e-9
            weight = 1 / (1 + (error / limit) ** 2) ** 2
        found /= norm
        return about(middle, rotation(found[3:6]), found[:3])

    def displacement(self, motion: Matrix) -> float:
        """Largest displacement (mm) of the head."""
        moved = self._points @ motion[:3, :3].T + motion[:3, 3]
        return float(np.linalg.norm(moved - self._points, axis=1).max()) if len(moved) else 0.0

    def likeness(self, coarse: FloatImage) -> float:
        """Correlation of a coarse scan on the same grid with the pre scan, in the head."""
        return likeness(self.pre.reshape(-1)[self._inner], coarse.reshape(-1)[self._inner])

    def likeness_at(self, around: FloatImage, shown: npt.NDArray[np.bool_]) -> float:
        """As :meth:`likeness`, of values as :meth:`around_in` finds them."""
        return likeness(self._around[0][shown], around[0][shown])

    def coverage(self, low: Volume, motion: Matrix) -> float:
        """Share of the head that lies in another scan."""
        if not len(self._points):
            return 1.0
        places = self._points @ motion[:3, :3].T + motion[:3, 3]
        affine = low.geometry.affine
        index = (places - affine[:3, 3]) @ np.linalg.inv(affine[:3, :3]).T
        limits = np.array([low.shape[2], low.shape[1], low.shape[0]]) - 0.5
        return float(((index > -1.0) & (index < limits + 0.5)).all(axis=1).mean())


def likeness(ours: FloatImage, theirs: FloatImage) -> float:
    """Correlation of two scans at the same places; NaN at fewer than 100."""
    if len(ours) < 100:
        return float("nan")
    a, b = (np.minimum(v, np.percentile(v, 98)).astype(np.float64) for v in (ours, theirs))  # uptake is not unlikeness
    spread = float(a.std() * b.std())
    return float(((a - a.mean()) * (b - b.mean())).mean() / spread) if spread > 0 else 0.0


def sampled(scan: CoarseScan, places: Matrix) -> FloatImage:
    """A coarse scan between its blocks, at (..., column row slice)."""
    from scipy.ndimage import map_coordinates

    coordinates = np.moveaxis(places, -1, 0)[::-1]
    return map_coordinates(scan.values, coordinates, np.float32, order=scan.order, mode="mirror", prefilter=False)


def about(centre: Matrix, rotation: Matrix, shift: Matrix) -> Matrix:
    """A rotation about a centre, then a shift, as 4x4."""
    motion = np.eye(4)
    motion[:3, :3] = rotation
    motion[:3, 3] = centre + shift - rotation @ centre
    return motion


def rotation(vector: Matrix) -> Matrix:
    """Rodrigues' formula for a rotation vector in radians."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = vector / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
