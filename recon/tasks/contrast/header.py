"""What the header of a pair of scans must say, so that no work begins on what can't be one."""

from __future__ import annotations

import numpy as np

from recon.errors import InvalidRequest
from recon.volumes import Geometry

SMALLEST, LARGEST = 32, 1024
FEWEST_SLICES, MOST_SLICES = 5, 2048
MOST_VOXELS = 2**28
DOSE_FRACTIONS = (0.05, 0.5)
#: Sides of a voxel, mm, and the longest over the shortest.
VOXEL_MM, MOST_ANISOTROPIC = (0.2, 10.0), 20.0
#: A scan is matched in blocks of 3 mm: of a few of them at least.
LEAST_EXTENT_MM = 10.0


def validate_header(shape: tuple[int, int, int], low_shape: tuple[int, int, int], dose_fraction: float) -> None:
    """Refuse what no pair of scans could satisfy.

    Raises
    ------
    InvalidRequest
        Naming the field.
    """
    for prefix, (slices, rows, columns) in (("", shape), ("low_", low_shape)):
        for name, side in (("rows", rows), ("columns", columns)):
            if not SMALLEST <= side <= LARGEST:
                raise InvalidRequest(
                    f"{prefix}{name} is {side}; slices must have {SMALLEST} to {LARGEST} pixels a side",
                    field=f"{prefix}{name}",
                )
        if not FEWEST_SLICES <= slices <= MOST_SLICES:
            raise InvalidRequest(
                f"{prefix}slices is {slices}; a scan has {FEWEST_SLICES} to {MOST_SLICES}", field=f"{prefix}slices"
            )
        if slices * rows * columns > MOST_VOXELS:
            raise InvalidRequest(f"{prefix}slices: more than {MOST_VOXELS} voxels", field=f"{prefix}slices")
    if not DOSE_FRACTIONS[0] <= dose_fraction <= DOSE_FRACTIONS[1]:
        raise InvalidRequest(
            f"dose_fraction is {dose_fraction:g}; it must lie between {DOSE_FRACTIONS[0]} and {DOSE_FRACTIONS[1]} "
            "(dose given over the full dose)",
            field="dose_fraction",
        )


def require_head_scan(name: str, shape: tuple[int, int, int], geometry: Geometry) -> None:
    """Refuse voxels and extents that no scan of a head has, on which smoothing would take for ever.

    Parameters
    ----------
    name
        Of the field.
    shape
        (slices, rows, columns).
    geometry
        Of the scan.

    Raises
    ------
    InvalidRequest
        Naming what is out of bounds, and the bounds.
    """
    spacing, (least, most) = geometry.spacing, VOXEL_MM
    for words, step in zip(("columns", "rows", "slices"), spacing, strict=True):
        if not least <= step <= most:
            raise InvalidRequest(f"{name}: {words} lie {step:.4g} mm apart; {least:g} to {most:g} mm", field=name)
    if max(spacing) > MOST_ANISOTROPIC * min(spacing):
        raise InvalidRequest(
            f"{name}: a voxel's longest side is {max(spacing) / min(spacing):.4g} times its shortest; at most "
            f"{MOST_ANISOTROPIC:g}",
            field=name,
        )
    for words, step, count in zip(("columns", "rows", "slices"), spacing, shape[::-1], strict=True):
        if step * count < LEAST_EXTENT_MM:
            raise InvalidRequest(
                f"{name}: {count} {words} cover {step * count:.4g} mm; at least {LEAST_EXTENT_MM:g} mm", field=name
            )


def require_same_voxels(
    shape: tuple[int, int, int], geometry: Geometry, low_shape: tuple[int, int, int], low_geometry: Geometry
) -> None:
    """Refuse scans of different matrix or voxel size, in whatever order their axes are.

    Raises
    ------
    InvalidRequest
        Saying what differs.
    """
    if sorted(shape) != sorted(low_shape):
        words = ["x".join(str(side) for side in (s[2], s[1], s[0])) for s in (shape, low_shape)]
        raise InvalidRequest(
            f"pre has {words[0]} voxels, low has {words[1]}; both scans must be complete and of the same matrix",
            field="low_slices",
        )
    ours, theirs = sorted(geometry.spacing), sorted(low_geometry.spacing)
    if not np.allclose(ours, theirs, rtol=0.03):
        sizes = ["x".join(f"{step:.3g}" for step in g.spacing) for g in (geometry, low_geometry)]
        raise InvalidRequest(
            f"pre has voxels of {sizes[0]} mm, low of {sizes[1]} mm; both scans must be of the same resolution",
            field="low_geometry",
        )
