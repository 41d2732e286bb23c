"""A scan in blocks of a few millimetres: what is measured on a head as a whole needs no more."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from recon.arrays import Mask
from recon.volumes import FloatImage, Geometry

Flat = npt.NDArray[np.intp]


def steps_of(spacing: tuple[float, float, float], wanted: float) -> tuple[int, int, int]:
    """Voxels to average along each axis for blocks of about a size, mm."""
    found = [max(1, round(wanted / step)) for step in spacing]
    return found[0], found[1], found[2]


def coarse_geometry(geometry: Geometry, steps: tuple[int, int, int]) -> Geometry:
    """Geometry after averaging blocks of (slice, row, column) voxels."""
    affine = geometry.affine.copy()
    factors = np.array([steps[2], steps[1], steps[0]], dtype=np.float64)
    affine[:3, 3] += affine[:3, :3] @ ((factors - 1) / 2)
    affine[:3, :3] *= factors
    return Geometry(affine)


def shrink(volume: FloatImage, steps: tuple[int, int, int]) -> FloatImage:
    """Mean of blocks (slice, y, x), float32; what is left over at the far edges is left out."""
    if steps == (1, 1, 1):
        return volume
    slices, rows, columns = (side // step for side, step in zip(volume.shape, steps, strict=True))
    deep, high, wide = steps
    out = np.empty((slices, rows, columns), np.float32)
    share = np.float32(1 / (deep * high * wide))
    for index in range(slices):  # one after the other stays in the processor's cache
        plane = _sums([volume[index * deep + part] for part in range(deep)])
        plane = _sums([plane[part : rows * high : high] for part in range(high)])
        np.multiply(_sums([plane[:, part : columns * wide : wide] for part in range(wide)]), share, out=out[index])
    return out


def _sums(parts: list[FloatImage]) -> FloatImage:
    if len(parts) == 1:
        return parts[0]
    total = parts[0] + parts[1]
    for part in parts[2:]:
        total += part
    return total


def eroded(mask: Mask, iterations: int) -> Mask:
    """A mask without what lies at its edges, where those of the volume count, so many voxels deep."""
    for _ in range(iterations):
        found = inside(mask)
        for axis in range(mask.ndim):
            first, last = _shifted(axis)
            found[first] &= mask[last]
            found[last] &= mask[first]
        mask = found
    return mask


def inside(mask: Mask) -> Mask:
    """A mask without the outermost voxels of the volume."""
    found = np.zeros_like(mask)
    inner = (slice(1, -1),) * mask.ndim
    found[inner] = mask[inner]
    return found


def _shifted(axis: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    before = (slice(None),) * axis
    return (*before, slice(1, None)), (*before, slice(None, -1))


def some(mask: Mask, most: int) -> Flat:
    """Places of at most so many voxels of a mask, evenly over it, as indices into the flat volume."""
    found = np.flatnonzero(mask)
    return found[:: -(-len(found) // most)] if len(found) else found


def high_level(values: FloatImage, share: float, per_cent: float = 99.0) -> float:
    """A share of a percentile of what is above 0 in a volume; infinite where nothing is."""
    flat = values.reshape(-1)
    flat = flat[:: max(1, len(flat) >> 18)]
    positive = flat[flat > 0]
    return share * float(np.percentile(positive, per_cent)) if positive.size else float("inf")


def slope(values: npt.NDArray[np.float32], places: Flat, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """(3, n) change of a flat volume a voxel along slices, rows, columns, at places that are :func:`inside`."""
    steps = (shape[1] * shape[2], shape[2], 1)
    return np.stack([np.float32(0.5) * (values[places + step] - values[places - step]) for step in steps])
