"""Whether one of two scans is mirrored: a head looks much like its own mirror image, and no motion mends that."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from recon.tasks.contrast.head import Head
from recon.volumes import FloatImage

#: Blocks of so many coarse voxels (2 mm) in which the scans are compared.
_BLOCK = 7
_ROUNDS = 5
#: Axes of the patient that a scan can be mirrored in: left and right first, since a head is much alike there.
AXES = (0, 1, 2)


def mirrored_advantage(head: Head, low: FloatImage, axes: Sequence[int] = AXES) -> float:
    """How much better the mirror image of a scan agrees with the pre scan than the scan itself, in detail.

    Agreement is the median over the head of the correlation in blocks, so that what is alike on both sides of
    any head, such as the skull, counts no more than the folds of the brain, which are not.

    Parameters
    ----------
    head
        Of the pre scan.
    low
        (slice, y, x), aligned on the pre scan.
    axes
        Of the patient (left, back, head) that a mirror image is made in.

    Returns
    -------
    float
        Difference of the two correlations: below 0 for two scans as they should be, above 0 when one of them is
        mirrored; NaN where there is no head.
    """
    from scipy.ndimage import binary_erosion, gaussian_filter

    inner = binary_erosion(head.mask, iterations=3)
    if inner.sum() < 500:
        return float("nan")
    other = head.coarse(low)
    reference = gaussian_filter(head.pre, 0.5)
    straight = _agreement(reference, gaussian_filter(other, 0.5), inner)
    return max(
        _agreement(reference, gaussian_filter(_mirrored(head, other, axis), 0.5), inner) - straight for axis in axes
    )


def _mirrored(head: Head, other: FloatImage, axis: int) -> FloatImage:
    """A coarse scan, mirrored in an axis of the patient and brought onto the pre scan."""
    from scipy.ndimage import affine_transform

    flipped = np.flip(other, 2 - int(np.argmax(np.abs(head.geometry.affine[axis, :3]))))
    offset = _centre(flipped) - _centre(head.pre)
    found, motion = affine_transform(flipped, np.eye(3), offset, order=1), np.eye(4)
    affine = head.geometry.affine[:, [2, 1, 0, 3]]  # of (slice, row, column) indices
    for _ in range(_ROUNDS):
        step, _ = head.small_motion_of(found)
        motion = motion @ step
        moved = np.linalg.inv(affine) @ motion @ affine
        found = affine_transform(flipped, moved[:3, :3], moved[:3, 3] + offset, order=1)
        if head.displacement(step) < 0.2:
            break
    return np.asarray(found, np.float32)


def _centre(values: FloatImage) -> npt.NDArray[np.float64]:
    positive = values[values > 0]
    bright = values > 0.2 * (float(np.percentile(positive, 99)) if positive.size else 1.0)
    return np.argwhere(bright).mean(axis=0) if bright.any() else np.zeros(3)


def _agreement(one: FloatImage, other: FloatImage, where: npt.NDArray[np.bool_]) -> float:
    """Median of the correlation in blocks."""
    from scipy.ndimage import uniform_filter

    def mean(values: FloatImage) -> npt.NDArray[np.float64]:
        return uniform_filter(values.astype(np.float64), _BLOCK)

    first, second = mean(one), mean(other)
    joint = mean(one * other) - first * second
    spread = np.sqrt(np.maximum(mean(one * one) - first**2, 0) * np.maximum(mean(other * other) - second**2, 0))
    return float(np.median((joint / np.maximum(spread, 1e-12))[where]))
