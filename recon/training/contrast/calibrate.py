"""Conformal calibration of the contrast network on heads that it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from recon.arrays import FloatArray, Mask
from recon.networks.contrast_enhancer import ContrastEnhancer
from recon.quality.conformal import TooFewSamples, conformal_factor, measured_coverage
from recon.quality.interval import COVERAGE
from recon.tasks.contrast.prediction import half_width
from recon.training.contrast.anatomy import HeadVolume, load_head, matched_enhancement
from recon.training.contrast.apply import apply, network_of
from recon.training.contrast.recipe import ContrastRecipe
from recon.training.contrast.sampler import painted_scene
from recon.training.contrast.simulate import PairErrors, simulate_pair
from recon.volumes import Geometry, Unit, Volume

NOISE = (0.01, 0.02)
#: Slices kept away from those that are evaluated.
_APART = 3


def evaluation_slices(depth: int, count: int = 10) -> list[int]:
    """Axial slices that figures are quoted for."""
    return [int(index) for index in np.linspace(0.2 * depth, 0.8 * depth, count).round()]


def calibration_slices(depth: int) -> list[int]:
    """Slices between them."""
    taken = evaluation_slices(depth)
    free = [index for index in range(10, depth - 10) if min(abs(index - other) for other in taken) >= _APART]
    return free[::2]


def calibrate(weights: dict[str, Tensor], recipe: ContrastRecipe, roots: list[Path]) -> dict[str, Any]:
    """Calibrate on the held-out patients' pairs; measure on held-out anatomy with invented uptake.

    Parameters
    ----------
    weights, recipe
        Of the network.
    roots
        Folders that hold the held-out sources.

    Raises
    ------
    TooFewSamples
        When no pair is held out.
    """
    if not any(source.full for source in recipe.held_out):
        raise TooFewSamples("no pair of scans is held out, so the interval can't be calibrated; name one in held_out")
    network = network_of(weights, recipe)
    pairs: list[Voxels] = []
    measured: dict[str, dict[str, float]] = {}
    heads = [load_head(source, roots) for source in recipe.held_out]
    for head in sorted(heads, key=lambda head: head.kind, reverse=True):  # pairs first
        scenes = []
        for scene in _scenes(head, recipe.seed):
            scenes.append(Voxels.of([_voxels(network, *scene, noise, recipe.seed) for noise in NOISE]))
        if head.kind == "pair":
            pairs += scenes
            continue
        all_scenes, factor = Voxels.of(scenes), _factor(pairs)
        width = all_scenes.half_width(factor)
        measured[head.name] = {
            "coverage": round(measured_coverage(all_scenes.error, width), 4),
            "mean_half_width": round(float(np.mean(width)), 4),
        }
    return {"coverage": COVERAGE, "conformal_factor": round(_factor(pairs), 4), "other_anatomy": measured}


Scene = tuple[FloatArray, FloatArray, Mask]


@dataclass(frozen=True)
class Voxels:
    """Voxels of a head: absolute errors of what is shown, and what :func:`half_width` makes the interval of."""

    error: FloatArray
    width: FloatArray
    moved: FloatArray
    doubtful: FloatArray

    @classmethod
    def of(cls, several: Sequence[Voxels]) -> Voxels:
        """Those of several together."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(one, name) for one in several]) for name in names))

    def half_width(self, factor: float) -> FloatArray:
        """As served with this conformal factor."""
        return half_width(self.width, self.moved, self.doubtful, factor)

    @property
    def factor(self) -> float:
        """The conformal factor with which what is served covers the truth as stated."""
        # what marks of doubt cover needs no width, and by what the enhancement was lowered is there beside it
        needed = np.where(self.error <= self.doubtful, 0, np.maximum(self.error - self.moved, 0))
        return conformal_factor(needed, self.width, COVERAGE)


def _scenes(head: HeadVolume, seed: int) -> list[Scene]:
    if head.kind == "pair":
        return [(head.pre, matched_enhancement(head, way, signed=False), head.mask) for way in ("equal", "local")]
    return [painted_scene(head, np.random.default_rng((seed, 99, number))) for number in range(2)]


def _voxels(
    network: ContrastEnhancer, clean: FloatArray, change: FloatArray, mask: Mask, noise: float, seed: int
) -> Voxels:
    """Those in the calibration slices of a scene."""
    rng = np.random.default_rng((seed, 98, int(1e4 * noise)))
    pair = simulate_pair(clean, change, 0.1, PairErrors(noise, noise, masked=True), rng)
    slices = calibration_slices(len(clean))[::2]
    pre, low = (Volume(v, Geometry.from_spacing(1, 1, 1), Unit.ARBITRARY) for v in (pair.pre, pair.low))
    made = apply(network, pre, low, 0.1, 1.0, slices, trust=True)
    inside = mask[slices]
    error = np.abs(made.images(slices) - pair.full[slices] / np.float32(made.pair.scale))[inside]
    return Voxels(error, *(part[inside] for part in made.parts(slices)))


def _factor(scenes: list[Voxels]) -> float:
    """The factor that each scene needs by itself, of which the largest holds for all.

    Nobody knows which way of matching two scans tells the true uptake; the interval holds for either.
    """
    return max(scene.factor for scene in scenes)
