"""Brings the low-dose scan onto the pre scan: rigid motion, then gain and slow bias.

A first least-squares step on the scans as they are measures small motion precisely; only where there
is more does SimpleITK register (Mattes mutual information, Euler transform, two resolutions), and the
least-squares step refines. Everything but one resampling runs on blocks of 2 to 3 mm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from recon.errors import MissingExtra
from recon.tasks.contrast.gain import Gain, match_gain, shrink
from recon.volumes import FloatImage, Geometry, Volume

Matrix = npt.NDArray[np.float64]

_COARSE_MM, _REGISTER_MM = 2.0, 3.0
#: Less motion than this is not resampled for: interpolation would cost more than it mends.
NEGLIGIBLE_MM = 0.06
_ALIKE = 0.9
_THREADS = 2


@dataclass(frozen=True)
class Aligned:
    """The low-dose scan in the geometry and intensity scale of the pre scan.

    Attributes
    ----------
    low
        (slice, y, x) float32.
    motion_mm
        Largest displacement in the head.
    degrees
        Angle of the rotation.
    gain
        What the low-dose scan was divided by, with its slow bias.
    bias
        Standard deviation of the slow bias, relative; 0 when none was found.
    similarity
        Correlation of the two scans in the head.
    coverage
        Share of the head that the low-dose scan shows.
    """

    low: FloatImage
    motion_mm: float
    degrees: float
    gain: float
    bias: float
    similarity: float
    coverage: float


def align(pre: Volume, low: Volume) -> Aligned:
    """Register, resample, and match the intensities of the low-dose scan.

    Parameters
    ----------
    pre, low
        The two scans, each in its own geometry. ``low.values`` may be changed.
    """
    spacing = pre.geometry.spacing
    depth_first = (spacing[2], spacing[1], spacing[0])
    head = _Head(pre, _steps(depth_first, _COARSE_MM))
    motion = np.eye(4)
    same_grid = pre.shape == low.shape and np.allclose(pre.geometry.affine, low.geometry.affine, atol=0.01)
    values = low.values
    still = False
    if same_grid:
        step, likeness = head.small_motion(values)
        still = likeness > _ALIKE and head.displacement(step) < NEGLIGIBLE_MM
        motion = step if still else motion
    if not still:
        _require_simpleitk()
        motion = _register(pre, low)
        for _ in range(2):
            values = _resample(low, pre, motion)
            step, _ = head.small_motion(values)
            motion = motion @ step
            if head.displacement(step) < NEGLIGIBLE_MM:
                break
        else:
            values = _resample(low, pre, motion)
    matched = match_gain(pre.values, values, depth_first)
    return Aligned(
        low=_corrected(values, matched, pre.shape),
        motion_mm=head.displacement(motion),
        degrees=_angle(motion),
        gain=matched.gain,
        bias=matched.spread(pre.shape),
        similarity=head.likeness(values),
        coverage=head.coverage(low, motion),
    )


def _corrected(values: FloatImage, gain: Gain, shape: tuple[int, int, int]) -> FloatImage:
    """Slab by slab, so that memory stays bounded."""
    for start in range(0, shape[0], 16):
        gain.correct(values[start : start + 16], start, shape)
    return values


def _steps(spacing: tuple[float, float, float], wanted: float) -> tuple[int, int, int]:
    found = [max(1, round(wanted / step)) for step in spacing]
    return found[0], found[1], found[2]


class _Head:
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
        from scipy.ndimage import gaussian_filter

        other = gaussian_filter(shrink(values, self.steps), 0.7)
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
        return _about(middle, _rotation(found[3:6]), found[:3]), likeness

    def displacement(self, motion: Matrix) -> float:
        """Largest displacement (mm) of the head."""
        moved = self._points @ motion[:3, :3].T + motion[:3, 3]
        return float(np.linalg.norm(moved - self._points, axis=1).max()) if len(moved) else 0.0

    def likeness(self, values: FloatImage) -> float:
        """Correlation of a scan on the same grid with the pre scan, in the head."""
        from scipy.ndimage import gaussian_filter

        return self._correlation(gaussian_filter(shrink(values, self.steps), 0.7))

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


def _require_simpleitk() -> None:
    """One line instead of a traceback where the extra is missing."""
    try:
        import SimpleITK  # noqa: F401
    except ImportError as error:
        raise MissingExtra("aligning two scans needs SimpleITK; pip install 'recon[serve]'") from error


def _image(values: FloatImage, geometry: Geometry) -> Any:
    """A SimpleITK image; its world is LPS mm too."""
    import SimpleITK as sitk  # noqa: N813

    image = sitk.GetImageFromArray(values)
    image.SetSpacing(geometry.spacing)
    image.SetOrigin(tuple(geometry.affine[:3, 3]))
    left, _, right = np.linalg.svd(geometry.affine[:3, :3] / np.array(geometry.spacing))
    image.SetDirection(tuple((left @ right).ravel()))
    return image


def _coarse_image(volume: Volume) -> Any:
    spacing = volume.geometry.spacing
    steps = _steps((spacing[2], spacing[1], spacing[0]), _REGISTER_MM)
    return _image(shrink(volume.values, steps), coarse_geometry(volume.geometry, steps))


def _register(pre: Volume, low: Volume) -> Matrix:
    """Rigid motion (4x4, mm) from points of the pre scan to points of the low-dose scan."""
    import SimpleITK as sitk  # noqa: N813

    fixed, moving = _coarse_image(pre), _coarse_image(low)
    start = sitk.CenteredTransformInitializer(
        fixed, moving, sitk.Euler3DTransform(), sitk.CenteredTransformInitializerFilter.MOMENTS
    )
    if np.linalg.norm(start.GetTranslation()) < 20.0:  # the scanner's own coordinates are good enough
        start.SetTranslation((0.0, 0.0, 0.0))
    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfThreads(_THREADS)
    method.SetMetricAsMattesMutualInformation(32)
    method.SetMetricSamplingStrategy(method.REGULAR)
    method.SetMetricSamplingPercentage(0.25)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=2.0, minStep=0.01, numberOfIterations=60, gradientMagnitudeTolerance=1e-6
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([2, 1])
    method.SetSmoothingSigmasPerLevel([1.0, 0.0])
    method.SetInitialTransform(start, inPlace=True)
    try:
        method.Execute(fixed, moving)
    except RuntimeError:  # no overlap: the checks will say that the scans don't match
        return np.eye(4)
    rotation = np.array(start.GetMatrix()).reshape(3, 3)
    return _about(np.array(start.GetCenter()), rotation, np.array(start.GetTranslation()))


def _resample(low: Volume, pre: Volume, motion: Matrix) -> FloatImage:
    """The low-dose scan in the voxels of the pre scan, by cubic B-splines; 0 outside."""
    import SimpleITK as sitk  # noqa: N813

    transform = sitk.AffineTransform(3)
    transform.SetMatrix(tuple(motion[:3, :3].ravel()))
    transform.SetTranslation(tuple(motion[:3, 3]))
    method = sitk.ResampleImageFilter()
    method.SetNumberOfThreads(_THREADS)
    method.SetTransform(transform)
    method.SetInterpolator(sitk.sitkBSpline)
    method.SetDefaultPixelValue(0.0)
    box = _bright_box(pre.values)
    part = pre.geometry.affine.copy()
    part[:3, 3] += part[:3, :3] @ np.array([box[2].start, box[1].start, box[0].start])
    method.SetSize([box[2].stop - box[2].start, box[1].stop - box[1].start, box[0].stop - box[0].start])
    grid = Geometry(part)
    reference = _image(np.zeros((1, 1, 1), np.float32), grid)
    method.SetOutputOrigin(reference.GetOrigin())
    method.SetOutputSpacing(reference.GetSpacing())
    method.SetOutputDirection(reference.GetDirection())
    method.SetOutputPixelType(sitk.sitkFloat32)
    result = method.Execute(_image(low.values, low.geometry))
    out = np.zeros(pre.shape, np.float32)
    np.maximum(sitk.GetArrayViewFromImage(result), 0, out=out[box])
    return out


def _bright_box(values: FloatImage) -> tuple[slice, slice, slice]:
    """The part of a volume that holds the head, with a margin; the background is not resampled."""
    level = 0.02 * float(values[::4, ::4, ::4].max())
    box = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        hits = np.flatnonzero(values.max(axis=others) > level)
        first, last = (int(hits[0]), int(hits[-1])) if len(hits) else (0, values.shape[axis] - 1)
        box.append(slice(max(0, first - 2), min(values.shape[axis], last + 3)))
    return box[0], box[1], box[2]


def _about(centre: Matrix, rotation: Matrix, shift: Matrix) -> Matrix:
    motion = np.eye(4)
    motion[:3, :3] = rotation
    motion[:3, 3] = centre + shift - rotation @ centre
    return motion


def _rotation(vector: Matrix) -> Matrix:
    """Rodrigues' formula for a rotation vector in radians."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = vector / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def _angle(motion: Matrix) -> float:
    cosine = (np.trace(motion[:3, :3]) - 1) / 2
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
