"""The later image in the voxels of the earlier one."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from recon.comparison.likeness import Likeness, likeness
from recon.errors import MissingExtra, with_extra
from recon.volumes import FloatImage, Geometry, Volume

#: How far off an image may still lie when it has been moved, voxels: what mutual information and a spline leave.
UNSURE_PX = 0.1
#: Of fewer slices no motion through them can be told.
FEWEST_SLICES = 5
#: As alike as this, scans lie on each other and no other beginning is tried.
ALIKE = 0.85
#: A beginning nearer than this to the scanner's coordinates ends where they do, mm.
_NEAR_MM = 10.0
#: By how much another beginning must do better than the scanner's coordinates to be believed.
_BETTER = 0.02
#: Share of the body below which nothing is to be compared; and where the scanner's coordinates are not believed, since
#: pieces of a body that lie side by side are alike too, shifted far enough.
LEAST_COVERED, LEAST_COVERED_BY_IMAGE = 0.05, 0.7


@dataclass(frozen=True)
class Laid:
    """A scan on the grid of another.

    Attributes
    ----------
    image, width
        (slice, y, x) values and half-width; NaN outside of the scan.
    moved_mm
        By how much its middle was moved.
    like
        What of the other scan is in it.
    by_image
        Whether the scanner's coordinates were of no use, so that it was brought there by its middle or its brightness.
    """

    image: FloatImage
    width: FloatImage
    moved_mm: float
    like: Likeness
    by_image: bool = False

    @property
    def rank(self) -> float:
        """The larger, the better; what shows next to nothing of the other scan is none that lies on it."""
        if self.like.covered < (LEAST_COVERED_BY_IMAGE if self.by_image else LEAST_COVERED):
            return -1.0
        if self.like.alike is None:  # the scanner is believed unless the image says otherwise
            return -1.0 if self.by_image else 1.0
        return self.like.alike


def registered(before: Volume, after: Volume, widths: tuple[FloatImage, FloatImage]) -> Laid:
    """``after`` on the grid of ``before``.

    Rigid, by mutual information; from the scanner's coordinates, and where that leads nowhere (another zero of the
    table) from the middles of the scans and of their brightness. A stack of fewer than five slices stays where it is.

    Raises
    ------
    MissingExtra
        Without SimpleITK.
    """
    column_mm, row_mm, slice_mm = before.geometry.spacing

    def held(image: FloatImage) -> Likeness:
        return likeness(before.values, image, widths[0], (slice_mm, row_mm, column_mm), before.unit)

    same = before.shape == after.shape and np.allclose(before.geometry.affine, after.geometry.affine, atol=0.01)
    if same and before.shape[0] < FEWEST_SLICES:
        return Laid(after.values, widths[1], 0.0, held(after.values))
    if find_spec("SimpleITK") is None:
        raise MissingExtra(with_extra("scans are moved onto each other by SimpleITK, which is missing", "serve"))
    import SimpleITK as sitk  # noqa: N813

    fixed, moving, doubt = (
        _image(values, volume.geometry)
        for values, volume in ((before.values, before), (after.values, after), (widths[1], after))
    )
    best: Laid | None = None
    for by_image, start in enumerate(_starts(fixed, moving)):
        if before.shape[0] >= FEWEST_SLICES and not _moved(fixed, moving, start) and best is not None:
            continue
        image, width = (
            sitk.GetArrayFromImage(sitk.Resample(what, fixed, start, how, float("nan"), sitk.sitkFloat32))
            for what, how in ((moving, sitk.sitkBSpline), (doubt, sitk.sitkLinear))
        )
        laid = Laid(image, width, _shift(fixed, start), held(image), by_image > 0)
        best = laid if best is None or laid.rank > best.rank + _BETTER else best
        if best.rank >= ALIKE or before.shape[0] < FEWEST_SLICES:
            break
    assert best is not None
    return best


def _starts(fixed: Any, moving: Any) -> list[Any]:
    """Where to begin: as the scanner says, middle on middle, brightness on brightness."""
    import SimpleITK as sitk  # noqa: N813

    of = sitk.CenteredTransformInitializerFilter
    starts = [
        sitk.Euler3DTransform(sitk.CenteredTransformInitializer(fixed, moving, sitk.Euler3DTransform(), how))
        for how in (of.GEOMETRY, of.GEOMETRY, of.MOMENTS)
    ]
    starts[0].SetTranslation((0.0, 0.0, 0.0))
    return [start for start in starts if start is starts[0] or np.linalg.norm(start.GetTranslation()) > _NEAR_MM]


def _moved(fixed: Any, moving: Any, start: Any) -> bool:
    """Move ``start`` to where mutual information is largest; False where the scans don't meet."""
    import SimpleITK as sitk  # noqa: N813

    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(32)
    method.SetMetricSamplingStrategy(method.REGULAR)
    method.SetMetricSamplingPercentage(0.25)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=1.0, minStep=0.005, numberOfIterations=80, gradientMagnitudeTolerance=1e-6
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(start, inPlace=True)
    try:
        method.Execute(fixed, moving)
    except RuntimeError:  # "all samples map outside moving image buffer"
        return False
    return True


def _shift(fixed: Any, start: Any) -> float:
    middle = fixed.TransformContinuousIndexToPhysicalPoint([side / 2 for side in fixed.GetSize()])
    return float(np.linalg.norm(np.subtract(start.TransformPoint(middle), middle)))


def _image(values: FloatImage, geometry: Geometry) -> Any:
    import SimpleITK as sitk  # noqa: N813

    image = sitk.GetImageFromArray(np.nan_to_num(values))
    image.SetSpacing(geometry.spacing)
    image.SetOrigin(tuple(geometry.affine[:3, 3]))
    image.SetDirection(tuple((geometry.affine[:3, :3] / np.array(geometry.spacing)).ravel()))
    return image
