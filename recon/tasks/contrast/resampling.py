"""The low-dose scan in the voxels of the pre scan, and which of them it shows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from recon.tasks.contrast.head import Matrix
from recon.tasks.contrast.registration import require_simpleitk, sitk_image
from recon.volumes import FloatImage, Geometry, Volume

Box = tuple[slice, slice, slice]
#: A voxel is shown when its centre lies no further outside of the other scan's outermost centres, voxels.
_BEYOND = 0.3
#: Voxels at a time, and around what they lie in: a spline's coefficients fade by 0.27 a voxel.
_SLAB, _MARGIN = 1 << 22, 12
_THREADS = 2


def resample(low: Volume, pre: Volume, motion: Matrix) -> FloatImage:
    """The low-dose scan in the voxels of the pre scan, by cubic B-splines; 0 outside.

    Slab by slab, so that memory beside the result stays bounded.

    Parameters
    ----------
    low, pre
        Scans.
    motion
        (4, 4) from points of the pre scan to points of the low-dose scan, mm.
    """
    require_simpleitk()
    out = np.zeros(pre.shape, np.float32)
    slices, rows, columns = _bright_box(pre.values)
    deep = max(1, _SLAB // ((rows.stop - rows.start) * (columns.stop - columns.start)))
    for start in range(slices.start, slices.stop, deep):
        box = (slice(start, min(start + deep, slices.stop)), rows, columns)
        _resample_box(low, pre, motion, box, out)
    return out


def _resample_box(low: Volume, pre: Volume, motion: Matrix, box: Box, out: FloatImage) -> None:
    import SimpleITK as sitk  # noqa: N813

    part = _around(box, low, pre, motion)
    if part is None:
        return
    transform = sitk.AffineTransform(3)
    transform.SetMatrix(tuple(motion[:3, :3].ravel()))
    transform.SetTranslation(tuple(motion[:3, 3]))
    method = sitk.ResampleImageFilter()
    method.SetNumberOfThreads(_THREADS)
    method.SetTransform(transform)
    method.SetInterpolator(sitk.sitkBSpline)
    method.SetDefaultPixelValue(0.0)
    reference = sitk_image(np.zeros((1, 1, 1), np.float32), _geometry_of(pre, box))
    method.SetSize([side.stop - side.start for side in reversed(box)])
    method.SetOutputOrigin(reference.GetOrigin())
    method.SetOutputSpacing(reference.GetSpacing())
    method.SetOutputDirection(reference.GetDirection())
    method.SetOutputPixelType(sitk.sitkFloat32)
    result = method.Execute(sitk_image(np.ascontiguousarray(low.values[part]), _geometry_of(low, part)))
    np.maximum(sitk.GetArrayViewFromImage(result), 0, out=out[box])


def _around(box: Box, low: Volume, pre: Volume, motion: Matrix) -> Box | None:
    """The part of the low-dose scan that some voxels of the pre scan lie in, with a margin; None outside."""
    to_index = index_to_index(low, pre, motion)
    sides = [(side.start, side.stop - 1) for side in reversed(box)]
    corners = np.array(np.meshgrid(*sides, indexing="ij")).reshape(3, -1)
    reached = (to_index[:3, :3] @ corners + to_index[:3, 3:]).T[:, ::-1]
    first = np.maximum(np.floor(reached.min(axis=0)).astype(int) - _MARGIN, 0)
    last = np.minimum(np.ceil(reached.max(axis=0)).astype(int) + _MARGIN + 1, low.shape)
    if (last - first < 2).any():
        return None
    part = [slice(int(a), int(b)) for a, b in zip(first, last, strict=True)]
    return part[0], part[1], part[2]


def _geometry_of(scan: Volume, box: Box) -> Geometry:
    part = scan.geometry.affine.copy()
    part[:3, 3] += part[:3, :3] @ np.array([side.start for side in reversed(box)])
    return Geometry(part)


def index_to_index(low: Volume, pre: Volume, motion: Matrix) -> Matrix:
    """(4, 4) from (column, row, slice) of the pre scan to those of the low-dose scan."""
    return np.linalg.inv(low.geometry.affine) @ motion @ pre.geometry.affine


def shown_by(low: Volume, pre: Volume, motion: Matrix) -> npt.NDArray[np.bool_] | None:
    """Voxels (slice, y, x) of the pre scan that lie in the low-dose scan; None when all do."""
    to_index = index_to_index(low, pre, motion)
    slices, rows, columns = (np.arange(side, dtype=np.float64) for side in pre.shape)
    inside = np.ones(pre.shape, bool)
    for axis, side in enumerate((low.shape[2], low.shape[1], low.shape[0])):
        x, y, z, start = to_index[axis]
        in_plane = start + (x * columns)[None, :] + (y * rows)[:, None]
        least, most = float(in_plane.min()), float(in_plane.max())
        for index, along in enumerate(z * slices):
            if least + along >= -_BEYOND and most + along <= side - 1 + _BEYOND:
                continue
            inside[index] &= (in_plane >= -_BEYOND - along) & (in_plane <= side - 1 + _BEYOND - along)
    return None if inside.all() else inside


def _bright_box(values: FloatImage) -> Box:
    """The part of a volume that holds the head, with a margin; the background is not resampled."""
    level = 0.02 * float(values[::4, ::4, ::4].max())
    flat = values.max(axis=0)  # of all slices at once
    brightest = (values.reshape(len(values), -1).max(axis=1), flat.max(axis=1), flat.max(axis=0))
    box = []
    for line, side in zip(brightest, values.shape, strict=True):
        hits = np.flatnonzero(line > level)
        first, last = (int(hits[0]), int(hits[-1])) if len(hits) else (0, side - 1)
        box.append(slice(max(0, first - 2), min(side, last + 3)))
    return box[0], box[1], box[2]
