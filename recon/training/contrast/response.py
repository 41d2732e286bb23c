"""Faint lesions added to training patches: the same noise with and without them, and what the network says.

A network that is judged by its mean error learns to hide what it can't be sure of. Here the same patch is
shown twice, the second time with small lesions in the difference of the scans, and the change of the answer
must be those lesions, whatever the noise. They are made in three dimensions once, smoothed as the features
are, and added to the features directly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from recon.arrays import FloatArray
from recon.tasks.contrast.features import REACH, SIGMAS
from recon.training.contrast.sampler import PairPatches

_REACH = 15
_SIDE = 2 * _REACH + 1
_FINER = 2
_DIAMETER = (2.0, 12.0)
#: Of the height of a lesion over the tissue around it.
_HEIGHT = (0.05, 0.7)
_COUNT = (2, 7)
_SLICES = 2 * REACH + 1


@dataclass(frozen=True)
class Lesions:
    """A batch of patches with lesions, beside the same patches without.

    Attributes
    ----------
    patches
        With lesions.
    added
        (batch, 1, y, x) enhancement that the lesions add.
    inside
        (batch, 1, y, x), 1 where lesions are, smoothed by a voxel.
    height
        (batch, 1, y, x), largest enhancement in this slice of the lesion there; 1000 elsewhere.
    core
        (batch, 1, y, x), weights of the inner voxels, of each lesion 1 together.
    """

    patches: PairPatches
    added: Tensor
    inside: Tensor
    height: Tensor
    core: Tensor


def shapes(count: int, rng: np.random.Generator) -> FloatArray:
    """Lesions of height 1, as they are and smoothed with each of the features' deviations.

    Returns
    -------
    ndarray
        (count, 1 + len(SIGMAS), z, y, x) float32, 31 voxels a side: balls, ellipsoids, rings and tubes of 2 to
        12 voxels.
    """
    made = [_shape(rng) for _ in range(count)]
    return np.array([[shape, *_smoothed(shape)] for shape in made], np.float32)


def _shape(rng: np.random.Generator) -> FloatArray:
    diameter = float(np.exp(rng.uniform(*np.log(_DIAMETER))))
    kind = rng.choice(["ball", "ellipsoid", "ring", "tube"], p=[0.4, 0.2, 0.2, 0.2])
    axis = (np.arange(_SIDE * _FINER) + 0.5) / _FINER - 0.5 - _REACH
    z, y, x = np.meshgrid(*(axis - shift for shift in rng.random(3) - 0.5), indexing="ij", sparse=True)
    if kind == "tube":
        way = rng.normal(size=3)
        way /= np.linalg.norm(way)
        along = z * way[0] + y * way[1] + x * way[2]
        across = np.sqrt(np.maximum(z * z + y * y + x * x - along * along, 0))
        filled = (across <= min(diameter, 4.0) / 2) & (np.abs(along) < rng.uniform(4, 7))
    else:
        stretch = np.ones(3) if kind == "ball" else rng.uniform(0.75, 1.35, 3)
        radius = np.sqrt((z / stretch[0]) ** 2 + (y / stretch[1]) ** 2 + (x / stretch[2]) ** 2)
        filled = radius <= diameter / 2
        if kind == "ring" and diameter > 5:
            filled &= radius > diameter / 2 - rng.uniform(1.2, 2.5)
    soft = gaussian_filter(filled.astype(np.float32), rng.uniform(0.35, 0.9) * _FINER, truncate=3.0)
    coarse = soft.reshape(_SIDE, _FINER, _SIDE, _FINER, _SIDE, _FINER).mean(axis=(1, 3, 5))
    # a scanner's resolution flattens the smallest; all others have the height they are given
    return np.asarray(coarse / max(float(coarse.max()), 0.3) if diameter > 3 else coarse, np.float32)


def _smoothed(shape: FloatArray) -> list[FloatArray]:
    found, before, current = [], 0.0, shape
    for sigma in SIGMAS:
        current = gaussian_filter(current, float(np.sqrt(sigma**2 - before**2)), truncate=3.0)
        before = sigma
        found.append(current)
    return found


def with_lesions(patches: PairPatches, known: FloatArray, rng: np.random.Generator) -> Lesions:
    """Add 2 to 6 lesions to each patch, in the head.

    Parameters
    ----------
    patches
        Isotropic, as the sampler draws them.
    known
        Of :func:`shapes`.
    rng
        Source of randomness.
    """
    features, head = patches.features.numpy(), patches.inside[:, 0].numpy() > 0.5
    batch, _, rows, columns = features.shape
    differences = np.zeros((batch, _SLICES + len(SIGMAS), rows, columns), np.float32)
    inside, core = (np.zeros((batch, rows, columns), np.float32) for _ in range(2))
    height = np.full((batch, rows, columns), 1e3, np.float32)
    for item in range(batch):
        places = np.argwhere(head[item])
        for _ in range(int(rng.integers(*_COUNT)) if len(places) else 0):
            row, column = places[rng.integers(len(places))]
            shape = _turned(known[rng.integers(len(known))], rng)
            middle = _REACH + int(np.clip(np.rint(rng.normal(0, 1.7)), -7, 7))
            along_y, along_x = _overlap(int(row), rows), _overlap(int(column), columns)
            window, part = (along_y[0], along_x[0]), (along_y[1], along_x[1])
            tissue = features[item, REACH, max(0, row - 1) : row + 2, max(0, column - 1) : column + 2].mean()
            amplitude = float(np.exp(rng.uniform(*np.log(_HEIGHT)))) * max(float(tissue), 0.15)
            slices = shape[0, middle - REACH : middle + REACH + 1][(slice(None), *part)]
            smoothed = shape[1:, middle][(slice(None), *part)]
            differences[item][(slice(None), *window)] += amplitude * np.concatenate([slices, smoothed])
            tallest = float(shape[0, middle].max())
            if tallest > 0.2:
                near = smoothed[0] > 0.08
                inside[item][window][near] = 1
                lowest = np.minimum(height[item][window], max(amplitude * tallest, 0.02))
                height[item][window][near] = lowest[near]
            if tallest > 0.25 * float(shape[0].max()):
                inner = slices[REACH] > 0.5 * tallest
                core[item][window] = np.maximum(core[item][window], inner / max(int(inner.sum()), 4))
    inside *= head
    core *= head
    return _added(patches, differences, inside, height, core)


def _overlap(centre: int, side: int) -> tuple[slice, slice]:
    """Where a shape centred there lies in the patch, and which part of the shape that is, along one axis."""
    first, last = max(0, centre - _REACH), min(side, centre + _REACH + 1)
    start = first - centre + _REACH
    return slice(first, last), slice(start, start + last - first)


def _turned(shape: FloatArray, rng: np.random.Generator) -> FloatArray:
    shape = shape.transpose(0, 1, 3, 2) if rng.random() < 0.5 else shape
    return shape[:, ::-1] if rng.random() < 0.5 else shape


def _added(
    patches: PairPatches, differences: FloatArray, inside: FloatArray, height: FloatArray, core: FloatArray
) -> Lesions:
    change = torch.from_numpy(differences)
    half_dose = 1 - patches.share
    features = patches.features.clone()
    features[:, :_SLICES] += half_dose * change[:, :_SLICES]
    features[:, _SLICES : 2 * _SLICES + len(SIGMAS)] += change
    added = change[:, REACH : REACH + 1]
    seen = PairPatches(
        features,
        patches.conditions,
        patches.enhancement + added,
        patches.remainder + patches.share * added,
        patches.share,
        patches.inside,
    )
    return Lesions(seen, added, *(torch.from_numpy(plane)[:, None] for plane in (inside, height, core)))


def loss(with_them: Tensor, without: Tensor, lesions: Lesions) -> Tensor:
    """Squared error of the response to the lesions over their height, in and next to them.

    Parameters
    ----------
    with_them, without
        (batch, 1, y, x) enhancement found.
    lesions
        What was added.
    """
    response = with_them - without - lesions.added
    weight = lesions.inside * (0.15 / lesions.height) ** 2
    return 50.0 * (weight * response.square()).sum() / lesions.inside.sum().clamp(min=1)
