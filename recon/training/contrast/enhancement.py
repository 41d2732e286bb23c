"""Invented uptake of a contrast agent, painted into real anatomy: lesions, vessels, dura, choroid plexus.

Nothing here imitates a patient; it gives the network every size, shape and place, with and without
a lesion under it, so that it learns to follow the difference and not the anatomy.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_erosion, gaussian_filter, zoom

from recon.arrays import FloatArray, Mask


def smooth_field(shape: tuple[int, ...], scale: float, rng: np.random.Generator) -> FloatArray:
    """A random field (shape) float32 of about unit variance that varies over ``scale`` voxels."""
    coarse = tuple(max(3, int(np.ceil(side / scale)) + 2) for side in shape)
    noise = rng.standard_normal(coarse).astype(np.float32)
    field = zoom(noise, [(s + scale) / c for s, c in zip(shape, coarse, strict=True)], order=1)
    field = field[tuple(slice(0, side) for side in shape)]
    if field.shape != shape:
        field = np.pad(field, [(0, s - f) for s, f in zip(shape, field.shape, strict=True)], mode="edge")
    return np.asarray(field * np.float32(1.5), dtype=np.float32)


def random_places(mask: Mask, count: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """(count, 3) voxels of a mask."""
    found: list[npt.NDArray[np.int64]] = []
    for _ in range(200 * max(count, 1)):
        if len(found) == count:
            break
        place = np.array([rng.integers(side) for side in mask.shape])
        if mask[tuple(place)]:
            found.append(place)
    return np.array(found, dtype=np.int64).reshape(-1, 3)


def blob(
    shape: tuple[int, ...], centre: npt.NDArray[np.int64], radius: float, rng: np.random.Generator
) -> tuple[tuple[slice, ...], FloatArray]:
    """A box and, in it, the distance from the centre over the radius of a crooked ball (1 on its surface)."""
    reach = int(np.ceil(radius * 1.8)) + 3
    box = tuple(
        slice(max(0, int(c) - reach), min(side, int(c) + reach + 1)) for c, side in zip(centre, shape, strict=True)
    )
    axes = np.ogrid[box]
    stretch = rng.uniform(0.7, 1.4, 3)
    square = sum(((axis - c) / (radius * s)) ** 2 for axis, c, s in zip(axes, centre, stretch, strict=True))
    distance = np.sqrt(square).astype(np.float32)
    crook = smooth_field(distance.shape, max(3.0, radius * 0.7), rng)
    return box, distance * (1 + np.float32(0.2) * np.clip(crook, -2, 2))


def lesions(anatomy: FloatArray, enhancement: FloatArray, mask: Mask, count: int, rng: np.random.Generator) -> None:
    """Paint enhancing lesions, solid or ring-shaped, in place; most darken the anatomy under them."""
    for centre in random_places(mask, count, rng):
        radius = float(np.exp(rng.uniform(np.log(1.5), np.log(22.0))))
        box, distance = blob(anatomy.shape, centre, radius, rng)
        softness = np.float32(rng.uniform(0.7, 2.0) / radius)
        body = _step(1.0 - distance, softness)
        shape = body
        if radius > 5 and rng.random() < 0.6:
            inner = 1.0 - rng.uniform(1.5, 7.0) / radius
            shape = body * (1 - rng.uniform(0.6, 1.0) * _step(inner - distance, softness))
        texture = 1 + np.float32(rng.uniform(0.0, 0.35)) * smooth_field(distance.shape, rng.uniform(2, 6), rng)
        amplitude = float(np.exp(rng.uniform(np.log(0.08), np.log(1.6))))
        enhancement[box] = np.maximum(enhancement[box], amplitude * shape * np.clip(texture, 0.2, 2.0) * mask[box])
        if rng.random() < 0.7:
            anatomy[box] *= 1 - np.float32(rng.uniform(-0.15, 0.5)) * _step(1.3 - distance, softness)


def decoys(anatomy: FloatArray, mask: Mask, count: int, rng: np.random.Generator, *, brighter: bool = False) -> None:
    """Paint lesions that take up nothing, brighter or darker than what is around them, in place."""
    for centre in random_places(mask, count, rng):
        radius = float(np.exp(rng.uniform(np.log(2.0), np.log(18.0))))
        box, distance = blob(anatomy.shape, centre, radius, rng)
        step = _step(1.0 - distance, np.float32(1.0 / radius))
        anatomy[box] = np.maximum(
            anatomy[box] * (1 + np.float32(rng.uniform(0.1 if brighter else -0.5, 0.9)) * step), 0
        )


def erase(enhancement: FloatArray, mask: Mask, count: int, rng: np.random.Generator) -> None:
    """Take the uptake away in places, in place: tumours don't always enhance."""
    for centre in random_places(mask, count, rng):
        box, distance = blob(enhancement.shape, centre, rng.uniform(10.0, 40.0), rng)
        enhancement[box] *= 1 - _step(1.0 - distance, np.float32(0.1))


def vessels(shape: tuple[int, int, int], mask: Mask, rng: np.random.Generator) -> FloatArray:
    """Uptake of crooked tubes of 1 to 7 mm."""
    total = np.zeros(shape, np.float32)
    for sigma, count in ((0.55, rng.integers(10, 60)), (1.0, rng.integers(3, 20)), (2.2, rng.integers(0, 4))):
        points = np.zeros(shape, np.float32)
        for start in random_places(mask, int(count), rng):
            for z, y, x in _walk(start.astype(float), int(rng.integers(20, 120)), rng):
                if 0 <= z < shape[0] and 0 <= y < shape[1] and 0 <= x < shape[2] and mask[z, y, x]:
                    points[z, y, x] = 1.0
        tube = gaussian_filter(points, sigma, truncate=3.0) * np.float32(2 * np.pi * sigma**2)
        total = np.maximum(total, np.minimum(tube, 1.2) * np.float32(np.exp(rng.uniform(np.log(0.15), np.log(1.6)))))
    return total


def _walk(place: FloatArray, length: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    direction = rng.standard_normal(3)
    steps = []
    for _ in range(length):
        direction = direction / np.linalg.norm(direction) + 0.25 * rng.standard_normal(3)
        place = place + direction / np.linalg.norm(direction)
        steps.append(place)
    return np.rint(np.array(steps)).astype(np.int64)


def dura(mask: Mask, rng: np.random.Generator) -> FloatArray:
    """Uptake of a shell of 1 to 3 voxels at the surface of the brain, here and there."""
    shell = mask & ~binary_erosion(mask, iterations=int(rng.integers(1, 4)), border_value=1)
    soft = gaussian_filter(shell.astype(np.float32), 0.7)
    patches = np.clip(smooth_field(mask.shape, 25.0, rng) + rng.uniform(-1.0, 1.0), 0, 1)
    texture = np.clip(1 + 0.4 * smooth_field(mask.shape, 3.0, rng), 0, 2)
    return np.asarray(soft * patches * texture * np.float32(rng.uniform(0.1, 1.2)), dtype=np.float32)


def choroid(anatomy: FloatArray, mask: Mask, rng: np.random.Generator) -> FloatArray:
    """Uptake of small clumps in dark places well inside the brain, where the ventricles are."""
    total = np.zeros(anatomy.shape, np.float32)
    deep = binary_erosion(mask[::4, ::4, ::4], iterations=5, border_value=1)
    dark = np.zeros_like(mask)
    where = np.argwhere(deep) * 4
    if len(where) == 0:
        return total
    values = anatomy[tuple(where.T)]
    for place in where[values < 0.5]:
        dark[tuple(place)] = True
    candidates = np.argwhere(dark)
    if len(candidates) == 0:
        return total
    for centre in candidates[rng.integers(len(candidates), size=int(rng.integers(1, 6)))]:
        box, distance = blob(anatomy.shape, centre, rng.uniform(2.0, 6.0), rng)
        total[box] = np.maximum(total[box], _step(1.0 - distance, np.float32(0.3)) * np.float32(rng.uniform(0.2, 0.9)))
    return total


def tissue(anatomy: FloatArray, mask: Mask, rng: np.random.Generator) -> FloatArray:
    """Faint uptake of normal tissue, more where blood is; of either sign when sequences differ a little."""
    slope, offset = rng.normal(0, 0.12), rng.normal(0, 0.02)
    field = smooth_field(anatomy.shape, 40.0, rng)
    faint = offset + slope * (anatomy - 0.7) + 0.015 * field * anatomy
    if rng.random() < 0.6:
        faint = np.maximum(faint, 0)
    return np.asarray(faint * mask, dtype=np.float32)


def _step(distance: FloatArray, softness: np.float32) -> FloatArray:
    return np.clip(0.5 + distance / (2 * softness), 0, 1).astype(np.float32)
