"""Whether one of two scans is mirrored: a head looks much like its own mirror image, and no motion mends that."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from recon.tasks.contrast.coarse import eroded, high_level, some
from recon.tasks.contrast.head import CoarseScan, Head, Matrix, sampled
from recon.volumes import FloatImage

#: Sides of the pieces, in coarse voxels (2 mm), in which the scans are compared, and how many of them.
_SIDE, _PIECES = 7, 500
#: Smoothing by half a voxel: its weights are the middle one and two beside it.
_BESIDE = float(np.exp(-2.0) / (1 + 2 * np.exp(-2.0)))
_ROUNDS = 5
#: Axes of the patient that a scan can be mirrored in: left and right first, since a head is much alike there.
AXES = (0, 1, 2)


def mirrored_advantage(head: Head, low: FloatImage, axes: Sequence[int] = AXES) -> float:
    """How much better the mirror image of a scan agrees with the pre scan than the scan itself, in detail.

    Agreement is the median over the head of the correlation in small pieces, so that what is alike on both sides
    of any head, such as the skull, counts no more than the folds of the brain, which are not.

    Parameters
    ----------
    head
        Of the pre scan.
    low
        (slice, y, x), aligned on the pre scan, in its blocks; see :meth:`Head.coarse`.
    axes
        Of the patient (left, back, head) that a mirror image is made in.

    Returns
    -------
    float
        Difference of the two correlations: below 0 for two scans as they should be, above 0 when one of them is
        mirrored; NaN where there is no head.
    """
    inner = eroded(head.mask, 3)
    if inner.sum() < 500:
        return float("nan")
    pieces = _pieces(inner)
    reference = _standardised(head.pre[pieces])
    straight = _agreement(reference, low[pieces])
    # of (slice, row, column) to (column, row, slice) indices
    places = np.stack(pieces[::-1], -1).astype(np.float64)
    found = []
    for axis in axes:
        scan, motion = _mirrored(head, low, axis)
        to_index = head.index_in(scan, motion)
        found.append(_agreement(reference, sampled(scan, places @ to_index[:3, :3].T + to_index[:3, 3])))
    return max(found) - straight


def _pieces(inner: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.intp], ...]:
    """Indices along each axis of the voxels (n, side, side, side) of pieces, with one voxel around each."""
    offsets = np.arange(_SIDE + 2) - (_SIDE + 2) // 2
    centres = np.unravel_index(some(inner, _PIECES), inner.shape)
    found = []
    for axis, (centre, side) in enumerate(zip(centres, inner.shape, strict=True)):
        line = np.clip(centre[:, None] + offsets, 0, side - 1)
        found.append(line.reshape(len(centre), *(-1 if other == axis else 1 for other in range(3))))
    return tuple(np.broadcast_arrays(*found))


def _mirrored(head: Head, low: FloatImage, axis: int) -> tuple[CoarseScan, Matrix]:
    """A coarse scan, mirrored in an axis of the patient, and the motion that brings it onto the pre scan."""
    affine = head.geometry.affine
    flipped = np.ascontiguousarray(np.flip(low, 2 - int(np.argmax(np.abs(affine[axis, :3])))))
    onto = np.eye(4)
    onto[:3, 3] = (_centre(head.pre) - _centre(flipped))[::-1]
    scan, motion = CoarseScan(flipped, affine @ onto), np.eye(4)
    for _ in range(_ROUNDS):
        step = head.step(head.around_in(scan, motion)[0])
        motion = motion @ step
        if head.displacement(step) < 0.2:
            break
    return scan, motion


def _centre(values: FloatImage) -> npt.NDArray[np.float64]:
    level = high_level(values, 0.2)
    bright = values > level
    counts = [bright.sum(axis=tuple(other for other in range(3) if other != axis)) for axis in range(3)]
    total = counts[0].sum()
    return np.array([(count * np.arange(len(count))).sum() / total if total else 0.0 for count in counts])


def _smoothed(pieces: FloatImage) -> FloatImage:
    """A little, which takes the voxel around each piece."""
    beside, middle = np.float32(_BESIDE), np.float32(1 - 2 * _BESIDE)
    for axis in range(1, 4):
        taken = [(slice(None),) * axis + (slice(start, start + _SIDE),) for start in range(3)]
        pieces = middle * pieces[taken[1]] + beside * (pieces[taken[0]] + pieces[taken[2]])
    return pieces


def _standardised(pieces: FloatImage) -> FloatImage:
    """(n, voxels) of mean 0 and length 1."""
    flat = _smoothed(pieces).reshape(len(pieces), -1)
    flat -= flat.mean(axis=1, keepdims=True)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), np.float32(1e-12))


def _agreement(reference: FloatImage, pieces: FloatImage) -> float:
    """Median of the correlation in pieces."""
    return float(np.median((reference * _standardised(pieces)).sum(axis=1)))
