"""Slices and volumes as bytes for the browser."""

from __future__ import annotations

import gzip
import struct

import nibabel as nib
import numpy as np
import numpy.typing as npt

from recon.doors.view.stack import Stack
from recon.volumes import FloatImage

#: Stands for a pixel without a value.
MISSING = -32768
STEPS = 65534
#: Longest side of a volume for the view of three planes.
LONGEST = 192


def frame(values: FloatImage, steps: int = STEPS) -> bytes:
    """A slice as slope and intercept (float32), rows and columns (uint32), then int16, all little-endian.

    Steps divide the slice's range, by default to 0.06 HU over the whole scale of CT; value = intercept + slope * step.
    """
    there = np.isfinite(values)
    low, high = (float(values[there].min()), float(values[there].max())) if there.any() else (0.0, 0.0)
    slope = (high - low) / steps or 1.0
    placed = np.full(values.shape, MISSING, "<i2")
    np.subtract(np.rint((values - low) / slope), steps // 2, out=placed, where=there, casting="unsafe")
    header = struct.pack("<ffII", slope, low + slope * (steps // 2), *values.shape)
    return header + placed.tobytes()


def small_volume(stack: Stack, longest: int = LONGEST) -> bytes:
    """A whole stack as compressed NIfTI for the view of three planes, every side at most ``longest`` voxels.

    Pixels are averaged in blocks, slices left out evenly; slices without a result are 0.
    """
    slices, rows, columns = stack.shape
    block = -(-max(rows, columns) // longest)
    step = -(-slices // longest)
    kept = range(step // 2, slices, step)
    high, wide = rows // block, columns // block
    volume = np.zeros((wide, high, len(kept)), np.float32)
    for place, index in enumerate(kept):
        values = stack.read(index)
        if values is not None:
            part = np.nan_to_num(values[: high * block, : wide * block])
            volume[:, :, place] = part.reshape(high, block, wide, block).mean(axis=(1, 3)).T
    image = nib.Nifti1Image(volume, _affine(stack, block, step))
    image.header.set_xyzt_units("mm")
    return gzip.compress(image.to_bytes(), 1)


def _affine(stack: Stack, block: int, step: int) -> npt.NDArray[np.float64]:
    """Of the small volume, right-anterior-superior, mm; an upright patient where nobody knows."""
    affine = stack.affine
    if affine is None:
        slice_mm, row_mm, column_mm = stack.layout.spacing
        affine = np.diag([-column_mm, -row_mm, slice_mm, 1.0])
    shrink = np.diag([block, block, step, 1.0])
    shrink[:3, 3] = [(block - 1) / 2, (block - 1) / 2, step // 2]
    return affine @ shrink
