"""The later image in the voxels of the earlier one."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np

from recon.errors import MissingExtra, with_extra
from recon.volumes import FloatImage, Geometry, Volume

#: How far off an image may still lie when it has been moved, voxels: what mutual information and a spline leave.
UNSURE_PX = 0.1
#: Of fewer slices no motion through them can be told.
FEWEST_SLICES = 5


def registered(before: Volume, after: Volume, width: FloatImage) -> tuple[FloatImage, FloatImage, float]:
    """Image and half-width of ``after`` on the grid of ``before``, and by how many mm its middle was moved.

    Rigid, by mutual information; a stack of fewer than five slices on the same grid stays where it is. NaN outside.

    Raises
    ------
    MissingExtra
        Without SimpleITK.
    """
    same = before.shape == after.shape and np.allclose(before.geometry.affine, after.geometry.affine, atol=0.01)
    if same and before.shape[0] < FEWEST_SLICES:
        return after.values, width, 0.0
    if find_spec("SimpleITK") is None:
        raise MissingExtra(with_extra("scans are moved onto each other by SimpleITK, which is missing", "serve"))
    import SimpleITK as sitk  # noqa: N813

    fixed, moving = (_image(volume.values, volume.geometry) for volume in (before, after))
    start = sitk.CenteredTransformInitializer(fixed, moving, sitk.Euler3DTransform())
    start.SetTranslation((0.0, 0.0, 0.0))
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
    if before.shape[0] >= FEWEST_SLICES:
        method.Execute(fixed, moving)
    moved = [
        sitk.GetArrayFromImage(sitk.Resample(image, fixed, start, how, float("nan"), sitk.sitkFloat32))
        for image, how in ((moving, sitk.sitkBSpline), (_image(width, after.geometry), sitk.sitkLinear))
    ]
    middle = fixed.TransformContinuousIndexToPhysicalPoint([side / 2 for side in fixed.GetSize()])
    shift = float(np.linalg.norm(np.subtract(start.TransformPoint(middle), middle)))
    return moved[0], moved[1], shift


def _image(values: FloatImage, geometry: Geometry) -> Any:
    import SimpleITK as sitk  # noqa: N813

    image = sitk.GetImageFromArray(np.nan_to_num(values))
    image.SetSpacing(geometry.spacing)
    image.SetOrigin(tuple(geometry.affine[:3, 3]))
    image.SetDirection(tuple((geometry.affine[:3, :3] / np.array(geometry.spacing)).ravel()))
    return image
