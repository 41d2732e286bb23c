"""How a head has moved between two scans: rigid, measured on blocks of 2 to 3 mm.

Least squares on the scans as they are measures small motion precisely, from a few places of the head. Only where
that does not come to rest does SimpleITK register (Mattes mutual information, Euler transform, two resolutions),
and least squares refines.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from recon.errors import MissingExtra, with_extra
from recon.tasks.contrast.coarse import coarse_geometry, shrink, steps_of
from recon.tasks.contrast.head import COARSE_MM, CoarseScan, Head, Matrix, about
from recon.volumes import FloatImage, Geometry, Volume

_REGISTER_MM = 3.0
#: Voxels that mutual information is measured at, and the share of a scan that they are at most.
_SAMPLES, _MOST_SAMPLED = 60_000, 0.25
#: Less like than this after least squares, scans have not been brought together.
ALIKE = 0.9
#: Further than this, least squares alone may end beside the truth.
_NEAR_MM = 3.0
#: Steps of least squares, and the last of them, mm.
_ROUNDS, _AT_REST_MM = 8, 0.02
_THREADS = 2


def registered(head: Head, low: Volume, first: Matrix) -> Matrix:
    """Rigid motion (4x4, mm) from points of the pre scan to points of the low-dose scan.

    Parameters
    ----------
    head
        Of the pre scan.
    low
        The scan after the reduced dose, in its own geometry.
    first
        Where least squares begins.

    Raises
    ------
    MissingExtra
        When SimpleITK is needed and missing.
    """
    scan = _spline(low)
    if head.displacement(first) < _NEAR_MM:
        motion, alike = _refined(head, scan, first)
        if alike > ALIKE and head.displacement(motion) < 2 * _NEAR_MM:
            return motion
    begin = _mutual_information(head.scan, low)
    motion, alike = _refined(head, scan, begin)
    return motion if alike >= _alike(head, scan, begin) else begin


def _spline(volume: Volume) -> CoarseScan:
    """A scan in blocks, as the coefficients of a cubic spline."""
    from scipy.ndimage import spline_filter

    spacing = volume.geometry.spacing
    steps = steps_of((spacing[2], spacing[1], spacing[0]), COARSE_MM)
    blocks = Head.smoothed(shrink(volume.values, steps))
    coefficients = spline_filter(blocks, 3, np.float32)
    return CoarseScan(coefficients, coarse_geometry(volume.geometry, steps).affine, 3)


def _refined(head: Head, scan: CoarseScan, motion: Matrix) -> tuple[Matrix, float]:
    """Steps of least squares until they rest, and how like the scans are then; not at all where they don't rest."""
    for _ in range(_ROUNDS):
        around, shown = head.around_in(scan, motion)
        step = head.step(around, shown)
        motion = motion @ step
        if head.displacement(step) < _AT_REST_MM:
            return motion, _known(head.likeness_at(around, shown))
    return motion, -1.0


def _alike(head: Head, scan: CoarseScan, motion: Matrix) -> float:
    return _known(head.likeness_at(*head.around_in(scan, motion)))


def _known(alike: float) -> float:
    return alike if alike == alike else -1.0


def require_simpleitk() -> None:
    """One line instead of a traceback where the extra is missing.

    Raises
    ------
    MissingExtra
        Saying what to install.
    """
    try:
        import SimpleITK  # noqa: F401
    except ImportError as error:
        raise MissingExtra(with_extra("aligning two scans needs SimpleITK", "serve")) from error


def sitk_image(values: FloatImage, geometry: Geometry) -> Any:
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
    return sitk_image(shrink(volume.values, steps), coarse_geometry(volume.geometry, steps))


def _mutual_information(pre: Volume, low: Volume) -> Matrix:
    """The motion to about a tenth of a block."""
    require_simpleitk()
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
    voxels = fixed.GetNumberOfPixels()
    method.SetMetricSamplingPercentagePerLevel([min(_MOST_SAMPLED, _SAMPLES / share) for share in (voxels / 8, voxels)])
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=2.0, minStep=0.02, numberOfIterations=60, gradientMagnitudeTolerance=1e-6
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
