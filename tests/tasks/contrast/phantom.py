"""A head made of ellipsoids, with vessels, a lesion and a ring, for tests."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from recon.arrays import Array
from recon.volumes import Geometry, Unit, Volume

SHAPE = (48, 96, 80)


def ball(shape: tuple[int, ...], centre: tuple[float, ...], radii: tuple[float, ...]) -> Array:
    """Distance from the centre over the radii, below 1 inside."""
    axes = np.ogrid[tuple(slice(0, side) for side in shape)]
    return np.sqrt(sum(((a - c) / r) ** 2 for a, c, r in zip(axes, centre, radii, strict=True))).astype(np.float32)


def head(shape: tuple[int, int, int] = SHAPE, seed: int = 0) -> Array:
    """T1-weighted magnitude (slice, y, x), about 1 in white matter, 0 outside."""
    rng = np.random.default_rng(seed)
    middle, radii = tuple((side - 1) / 2 for side in shape), tuple(0.44 * side for side in shape)
    inside = ball(shape, middle, radii)
    folds = gaussian_filter(rng.standard_normal(shape), 3.0)
    folds /= folds.std()
    image = np.where(inside < 0.75, 0.95, 0.65) + 0.12 * np.tanh(2 * folds)
    for side in (-1, 1):
        centre = (middle[0], middle[1] - 4, middle[2] + side * shape[2] * 0.1)
        image = np.where(ball(shape, centre, (shape[0] * 0.2, shape[1] * 0.14, shape[2] * 0.05)) < 1, 0.25, image)
    return (gaussian_filter(image, 0.6) * (inside < 1)).astype(np.float32)


def uptake(shape: tuple[int, int, int] = SHAPE, share: float = 0.0, seed: int = 1) -> Array:
    """What a full dose adds: a lesion, a shell at the surface, and blobs in a share of the head."""
    rng = np.random.default_rng(seed)
    middle = tuple((side - 1) / 2 for side in shape)
    added = np.zeros(shape, np.float32)
    added[ball(shape, (middle[0], middle[1] + 14, middle[2] + 12), (6, 7, 7)) < 1] = 0.7
    surface = ball(shape, middle, tuple(0.44 * side for side in shape))
    added[(surface < 0.99) & (surface > 0.95)] = 0.5
    if share:
        field = gaussian_filter(rng.standard_normal(shape), 4.0)
        limit = np.quantile(field[surface < 1], 1 - share)
        added = np.maximum(added, np.where(field > limit, rng.uniform(0.1, 0.8), 0))
    return (added * (surface < 1)).astype(np.float32)


def geometry(turned: bool = False) -> Geometry:
    """1 mm voxels about the origin, axial or sagittal."""
    affine = np.diag([1.0, 1.0, 1.0, 1.0])
    if turned:
        affine[:3, :3] = [[0, 0, 1], [1, 0, 0], [0, -1, 0]]
    affine[:3, 3] = -affine[:3, :3] @ (np.array(SHAPE[::-1]) / 2)
    return Geometry(affine)


def scans(
    added: Array,
    *,
    noise: float = 0.01,
    gain: float = 1.0,
    dose_fraction: float = 0.1,
    seed: int = 2,
    scale: float = 300,
) -> tuple[Volume, Volume]:
    """Scan before, and after part of the dose."""
    rng, clean = np.random.default_rng(seed), head()
    pair = []
    for factor, image in ((1.0, clean), (gain, clean + dose_fraction * added)):
        noisy = np.hypot(image + noise * rng.standard_normal(SHAPE), noise * rng.standard_normal(SHAPE))
        noisy = np.where(clean > 0, noisy, 0)
        pair.append(Volume((factor * scale * noisy).astype(np.float32), geometry(), Unit.ARBITRARY))
    return pair[0], pair[1]
