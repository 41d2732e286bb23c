"""Endless simulated volumes, and patches of them with the features that the service computes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from recon.arrays import FloatArray, Mask
from recon.physics.rician import difference_noise
from recon.tasks.contrast.features import (
    CHANNELS,
    REACH,
    Regression,
    SlabFeatures,
    SlabGrid,
    conditions,
    fill,
    intensity_scale,
    slab_features,
)
from recon.training.contrast import enhancement as paint
from recon.training.contrast.anatomy import HeadVolume, common_ratio, matched_enhancement
from recon.training.contrast.recipe import ContrastRecipe
from recon.training.contrast.simulate import PairErrors, SimulatedPair, simulate_pair


@dataclass(frozen=True)
class Prepared:
    """A simulated pair with everything that the network sees and should find."""

    features: SlabFeatures
    conditions: FloatArray
    enhancement: FloatArray
    full: FloatArray
    inside: FloatArray
    dose_fraction: float


@dataclass(frozen=True)
class PairPatches:
    """A batch.

    Attributes
    ----------
    features, conditions
        The network's inputs.
    enhancement
        (batch, 1, y, x), what a full dose adds.
    remainder
        (batch, 1, y, x), full dose minus mean of the two scans.
    share
        (batch, 1, 1, 1), what the mean of the two scans lacks of the enhancement.
    inside
        (batch, 1, y, x), 1 in the head, 0 outside.
    """

    features: Tensor
    conditions: Tensor
    enhancement: Tensor
    remainder: Tensor
    share: Tensor
    inside: Tensor


def prepare(pair: SimulatedPair, inside: FloatArray, aspect: float = 1.0) -> Prepared:
    """Features of a whole simulated pair."""
    scale = np.float32(intensity_scale(pair.pre))
    mean = (pair.pre + pair.low) * (np.float32(0.5) / scale)
    raw = (pair.low - pair.pre) / scale
    noise = difference_noise(raw, inside > 0.5)
    difference = raw / np.float32(pair.dose_fraction)
    grid = SlabGrid((mean.shape[0], mean.shape[1], mean.shape[2]), 0, aspect)
    regression = Regression()
    regression.add(mean, difference, grid)
    features = slab_features(mean, difference, grid, regression.solve())
    full, truth = pair.full / scale, pair.enhancement / scale
    return Prepared(features, conditions(noise, pair.dose_fraction), truth, full, inside, pair.dose_fraction)


class VolumeSampler:
    """Draws simulated volumes from heads, and patches from a pool of them that is renewed as it is used."""

    def __init__(self, heads: list[tuple[HeadVolume, float]], recipe: ContrastRecipe) -> None:
        self.heads = [head for head, _ in heads]
        weights = np.array([weight for _, weight in heads])
        self.weights = weights / weights.sum()
        self.recipe = recipe
        self.pool: dict[int, Prepared] = {}

    def volume(self, index: int) -> Prepared:
        """Simulated volume of this number; the same number gives the same volume."""
        rng = np.random.default_rng((self.recipe.seed, index))
        head = self.heads[int(rng.choice(len(self.heads), p=self.weights))]
        pre, change, mask = _scene(head, self.recipe.slab, rng)
        pair = simulate_pair(pre, change, _dose(rng), _errors(rng), rng)
        if rng.random() < 0.15:  # something bright in the pre scan alone is no uptake
            paint.decoys(pair.pre, mask, int(rng.integers(1, 4)), rng, brighter=True)
        return prepare(pair, mask.astype(np.float32))

    def draw(self, step: int) -> PairPatches:
        """The batch of a step."""
        recipe = self.recipe
        newest = step // recipe.steps_per_volume + recipe.pool - 1
        wanted = range(newest - recipe.pool + 1, newest + 1)
        for index in [index for index in self.pool if index not in wanted]:
            del self.pool[index]
        for index in wanted:
            if index not in self.pool:
                self.pool[index] = self.volume(index)
        rng = np.random.default_rng((recipe.seed, 7, step))
        side = recipe.patch
        features = np.empty((recipe.batch, CHANNELS, side, side), np.float32)
        targets = np.empty((recipe.batch, 3, side, side), np.float32)
        scalars = np.empty((recipe.batch, 3), np.float32)
        for slot in range(recipe.batch):
            volume = self.pool[wanted[int(rng.integers(recipe.pool))]]
            _cut(volume, side, rng, features[slot], targets[slot])
            scalars[slot, :2], scalars[slot, 2] = volume.conditions, 1 - 0.5 * volume.dose_fraction
        tensors = torch.from_numpy(targets)
        return PairPatches(
            torch.from_numpy(features),
            torch.from_numpy(scalars[:, :2].copy()),
            tensors[:, 0:1],
            tensors[:, 1:2],
            torch.from_numpy(scalars[:, 2:].copy())[:, :, None, None],
            tensors[:, 2:3],
        )


def _scene(
    head: HeadVolume, slab: int, rng: np.random.Generator, *, turned: bool = True
) -> tuple[FloatArray, FloatArray, Mask]:
    """Part of a head, turned, with real or invented uptake: anatomy, enhancement, mask."""
    order = tuple(rng.permutation(3)) if turned and rng.random() < 0.3 else (0, 1, 2)
    pre, mask = head.pre.transpose(order), head.mask.transpose(order)
    change = None
    if head.kind == "pair" and rng.random() < 0.9:
        change = _real_change(head, rng).transpose(order)
    box = []
    for axis, side in enumerate(pre.shape):
        length = min(side, slab if axis == 0 else max(176, slab))
        start = int(rng.integers(side - length + 1))
        box.append(slice(start, start + length))
    turn = tuple(slice(None, None, int(rng.choice([-1, 1])) if turned else 1) for _ in range(3))
    pre, mask = pre[tuple(box)][turn].copy(), mask[tuple(box)][turn]
    if rng.random() < 0.5:
        pre = pre ** np.float32(np.exp(rng.normal(0, 0.15 if change is not None else 0.25)))
    if change is None:
        change = paint.tissue(pre, mask, rng)
        painted = 1.0
    else:
        change = change[tuple(box)][turn].copy()
        if rng.random() < 0.25:
            paint.erase(change, mask, int(rng.integers(1, 4)), rng)
        painted = 0.35
    if rng.random() < 0.5:
        paint.decoys(pre, mask, int(rng.integers(1, 5)), rng)
    if rng.random() < painted:
        extra = np.zeros_like(pre)
        paint.lesions(pre, extra, mask, int(rng.integers(0, 7)), rng)
        for part in (
            lambda: paint.vessels((pre.shape[0], pre.shape[1], pre.shape[2]), mask, rng),
            lambda: paint.dura(mask, rng),
            lambda: paint.choroid(pre, mask, rng),
        ):
            if rng.random() < 0.7:
                extra = np.maximum(extra, part())
        change = change + extra
    if rng.random() < 0.06:
        change = np.zeros_like(pre)
    return np.ascontiguousarray(pre), np.ascontiguousarray(change, dtype=np.float32), mask


def painted_scene(
    head: HeadVolume, rng: np.random.Generator, *, turned: bool = False
) -> tuple[FloatArray, FloatArray, Mask]:
    """A whole head with invented uptake: anatomy, enhancement, mask.

    Parameters
    ----------
    head
        Whose anatomy is taken.
    rng
        Source of randomness.
    turned
        Whether it may be mirrored and lie another way.
    """
    whole = HeadVolume(head.name, head.pre, None, head.mask, "anatomy")
    return _scene(whole, max(head.pre.shape), rng, turned=turned)


def _real_change(head: HeadVolume, rng: np.random.Generator) -> FloatArray:
    """A patient's enhancement under one of the ways to match the scans."""
    way = rng.random()
    if way < 0.4:
        gain = common_ratio(head) ** rng.uniform(-0.1, 0.35)
        change = matched_enhancement(head, "equal", signed=False, gain=float(gain))
    elif way < 0.9:
        change = matched_enhancement(head, "local", signed=way < 0.6, gain=float(np.exp(rng.normal(0, 0.02))))
    else:
        change = matched_enhancement(head, "common", signed=True)
    return change * np.float32(np.exp(rng.normal(0, 0.2)))


def _dose(rng: np.random.Generator) -> float:
    return 0.1 if rng.random() < 0.6 else float(np.exp(rng.uniform(np.log(0.05), np.log(0.5))))


def _errors(rng: np.random.Generator) -> PairErrors:
    noise = float(np.exp(rng.uniform(np.log(0.005), np.log(0.03))))
    return PairErrors(
        noise_pre=noise,
        noise_low=noise * float(np.exp(rng.normal(0, 0.08))),
        gain=1 + float(rng.normal(0, 0.0007)),
        bias=float(rng.choice([0.0, 0.001, 0.002])),
        shift=tuple(rng.normal(0, 0.03, 3)) if rng.random() < 0.4 else (0.0, 0.0, 0.0),
        shading=float(rng.choice([0.0, 0.05, 0.15])),
        masked=bool(rng.random() < 0.6),
    )


def _cut(volume: Prepared, side: int, rng: np.random.Generator, features: FloatArray, targets: FloatArray) -> None:
    """A patch with head in it, turned in its plane."""
    depth, rows, columns = volume.inside.shape
    for _ in range(20):
        z = int(rng.integers(depth))
        y = int(rng.integers(max(1, rows - side + 1)))
        x = int(rng.integers(max(1, columns - side + 1)))
        if volume.inside[z, y : y + side, x : x + side].mean() > 0.3:
            break
    box = (slice(y, y + side), slice(x, x + side))
    near = slice(max(0, z - REACH), min(depth, z + REACH + 1))
    middle = z - near.start
    part = SlabFeatures(
        volume.features.mean[(near, *box)],
        volume.features.difference[(near, *box)],
        [v[(near, *box)] for v in volume.features.smoothed],
        volume.features.regression[(near, *box)],
    )
    fill(part, middle, features)
    planes = (volume.enhancement[z], volume.full[z] - volume.features.mean[z], volume.inside[z])
    targets[:] = 0
    for target, plane in zip(targets, planes, strict=True):
        cut = plane[box]
        target[: cut.shape[0], : cut.shape[1]] = cut
    quarter, mirror = int(rng.integers(4)), bool(rng.integers(2))
    for array in (features, targets):
        turned = np.rot90(array, quarter, (1, 2))
        array[:] = (turned[:, :, ::-1] if mirror else turned).copy()
