"""The head in the pre scan, coarse, and how another scan lies on it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from recon.tasks.contrast.gain import shrink
from recon.volumes import FloatImage, Geometry, Volume

Matrix = npt.NDArray[np.float64]


class Head:
    """The head in the pre scan, coarse, and how another scan lies on it."""

    def __init__(self, pre: Volume, steps: tuple[int, int, int]) -> None:
        from scipy.ndimage import gaussian_filter

        self.steps = steps
        self.pre = gaussian_filter(shrink(pre.values, steps), 0.7)
        self.geometry = coarse_geometry(pre.geometry, steps)
        positive = self.pre[self.pre > 0]
        level = 0.2 * float(np.percentile(positive, 99)) if positive.size else 1.0
        self.mask = self.pre > level
        places = np.argwhere(self.mask).astype(np.float64)
        self._points = self._to_mm(places[:: max(1, len(places) // 4000)])

    def _to_mm(self, places: Matrix) -> Matrix:
        affine = self.geometry.affine
        return places[:, ::-1] @ affine[:3, :3].T + affine[:3, 3]

    def small_motion(self, values: FloatImage) -> tuple[Matrix, float]:
        """Rigid motion (4x4, mm) that brings a scan on the same grid onto the pre scan, and their likeness.

        To first order: the difference of the scans is their slope times the motion, plus a gain.
        """
        return self.small_motion_of(self.coarse(values))

    def coarse(self, values: FloatImage) -> FloatImage:
        """A scan on the same grid, averaged and smoothed as the pre scan is here."""
        from scipy.ndimage import gaussian_filter

        return gaussian_filter(shrink(values, self.steps), 0.7)

    def small_motion_of(self, other: FloatImage) -> tuple[Matrix, float]:
        """As :meth:`small_motion`, of a scan that is coarse already."""
        likeness = self._correlation(other)
        if self.mask.sum() < 500:
            return np.eye(4), likeness
        scale = float(np.median(self.pre[self.mask]) / max(float(np.median(other[self.mask])), 1e-9))
        other = other * np.float32(scale)
        mean = 0.5 * (self.pre + other)
        inverse = np.linalg.inv(self.geometry.affine[:3, :3])
        slopes = [part[self.mask] for part in np.gradient(mean)]
        slope = np.stack(slopes[::-1], 1).astype(np.float64) @ inverse  # per mm, x, y, z
        places = self._to_mm(np.argwhere(self.mask).astype(np.float64))
        middle = places.mean(axis=0)
        table = np.concatenate(
            [-slope, -np.cross(places - middle, slope), mean[self.mask][:, None].astype(np.float64)], 1
        )
        norm = np.maximum(np.linalg.norm(table, axis=0), 1e-12)
        table /= norm
        difference = (other - self.pre)[self.mask].astype(np.float64)
        weight = np.ones(len(difference))
        found = np.zeros(7)
        for _ in range(6):
            weighted = table * weight[:, None]
            found = np.linalg.solve(weighted.T @ table + 1e-9 * np.eye(7), weighted.T @ difference)
            error = difference - table @ found
            limit = 4.0 * 1.4826 * float(np.median(np.abs(error))) + 1e-9
            weight = 1 / (1 + (error / limit) ** 2) ** 2
        found /= norm
        return about(middle, rotation(found[3:6]), found[:3]), likeness

    def displacement(self, motion: Matrix) -> float:
        """Largest displacement (mm) of the head."""
        moved = self._points @ motion[:3, :3].T + motion[:3, 3]
        return float(np.linalg.norm(moved - self._points, axis=1).max()) if len(moved) else 0.0

    def likeness(self, values: FloatImage) -> float:
        """Correlation of a scan on the same grid with the pre scan, in the head."""
        return self._correlation(self.coarse(values))

    def _correlation(self, other: FloatImage) -> float:
        from scipy.ndimage import binary_erosion

        inner = binary_erosion(self.mask, iterations=2)
        inner = inner if inner.sum() > 500 else self.mask
        if inner.sum() < 100:
            return float("nan")
        a, b = self.pre[inner].astype(np.float64), other[inner].astype(np.float64)
        b = np.minimum(b, np.percentile(b, 98))  # what enhances must not count as unlike
        a = np.minimum(a, np.percentile(a, 98))
        spread = float(a.std() * b.std())
        return float(((a - a.mean()) * (b - b.mean())).mean() / spread) if spread > 0 else 0.0

    def coverage(self, low: Volume, motion: Matrix) -> float:
        """Share of the head that lies in another scan."""
        if not len(self._points):
            return 1.0
        places = self._points @ motion[:3, :3].T + motion[:3, 3]
        affine = low.geometry.affine
        index = (places - affine[:3, 3]) @ np.linalg.inv(affine[:3, :3]).T
        limits = np.array([low.shape[2], low.shape[1], low.shape[0]]) - 0.5
        return float(((index > -1.0) & (index < limits + 0.5)).all(axis=1).mean())


def coarse_geometry(geometry: Geometry, steps: tuple[int, int, int]) -> Geometry:
    """Geometry after averaging blocks of (slice, row, column) voxels."""
    affine = geometry.affine.copy()
    factors = np.array([steps[2], steps[1], steps[0]], dtype=np.float64)
    affine[:3, 3] += affine[:3, :3] @ ((factors - 1) / 2)
    affine[:3, :3] *= factors
    return Geometry(affine)


def steps_of(spacing: tuple[float, float, float], wanted: float) -> tuple[int, int, int]:
    """Voxels to average along each axis for blocks of about a size, mm."""
    found = [max(1, round(wanted / step)) for step in spacing]
    return found[0], found[1], found[2]


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
