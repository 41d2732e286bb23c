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
from recon.tasks.contrast.head import Head, Matrix, about, coarse_geometry, steps_of
from recon.tasks.contrast.mirror import AXES, mirrored_advantage
from recon.volumes import FloatImage, Geometry, Volume

_COARSE_MM, _REGISTER_MM = 2.0, 3.0
#: Less motion than this is not resampled for: interpolation would cost more than it mends.
NEGLIGIBLE_MM = 0.06
_ALIKE = 0.9
#: Less alike than this, scans are compared with every mirror image, not with that of left and right alone.
_DOUBTFUL = 0.96
#: A voxel is shown when its centre lies no further outside of the other scan's outermost centres, voxels.
_BEYOND = 0.3
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
    mirrored
        How much better the mirror image of the low-dose scan agrees with the pre scan, see
        :func:`recon.tasks.contrast.mirror.mirrored_advantage`.
    shown
        (slice, y, x) where the low-dose scan shows anything; None where it does everywhere. Elsewhere ``low`` is
        the pre scan.
    """

    low: FloatImage
    motion_mm: float
    degrees: float
    gain: float
    bias: float
    similarity: float
    coverage: float
    mirrored: float = -1.0
    shown: npt.NDArray[np.bool_] | None = None


def align(pre: Volume, low: Volume) -> Aligned:
    """Register, resample, and match the intensities of the low-dose scan.

    Parameters
    ----------
    pre, low
        The two scans, each in its own geometry. ``low.values`` may be changed.
    """
    spacing = pre.geometry.spacing
    depth_first = (spacing[2], spacing[1], spacing[0])
    head = Head(pre, steps_of(depth_first, _COARSE_MM))
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
    shown = None if same_grid and still else _shown(low, pre, motion)
    matched = match_gain(pre.values, values, depth_first)
    corrected = _corrected(values, matched, pre.shape)
    if shown is not None:
        np.copyto(corrected, pre.values, where=~shown)
    similarity = head.likeness(corrected)
    return Aligned(
        low=corrected,
        motion_mm=head.displacement(motion),
        degrees=_angle(motion),
        gain=matched.gain,
        bias=matched.spread(pre.shape),
        similarity=similarity,
        coverage=head.coverage(low, motion),
        mirrored=mirrored_advantage(head, corrected, AXES if similarity < _DOUBTFUL else AXES[:1]),
        shown=shown,
    )


def _corrected(values: FloatImage, gain: Gain, shape: tuple[int, int, int]) -> FloatImage:
    """Slab by slab, so that memory stays bounded."""
    for start in range(0, shape[0], 16):
        gain.correct(values[start : start + 16], start, shape)
    return values


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
    steps = steps_of((spacing[2], spacing[1], spacing[0]), _REGISTER_MM)
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
    return about(np.array(start.GetCenter()), rotation, np.array(start.GetTranslation()))


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


def _shown(low: Volume, pre: Volume, motion: Matrix) -> npt.NDArray[np.bool_] | None:
    """Voxels (slice, y, x) of the pre scan that lie in the low-dose scan; None when all do."""
    to_index = np.linalg.inv(low.geometry.affine) @ motion @ pre.geometry.affine
    slices, rows, columns = (np.arange(side, dtype=np.float64) for side in pre.shape)
    inside = np.ones(pre.shape, bool)
    for axis, side in enumerate((low.shape[2], low.shape[1], low.shape[0])):
        x, y, z, start = to_index[axis]
        for index in range(len(slices)):
            place = z * slices[index] + start + (x * columns)[None, :] + (y * rows)[:, None]
            inside[index] &= (place >= -_BEYOND) & (place <= side - 1 + _BEYOND)
    return None if inside.all() else inside


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


def _angle(motion: Matrix) -> float:
    cosine = (np.trace(motion[:3, :3]) - 1) / 2
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
