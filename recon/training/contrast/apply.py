"""A network on a pair of scans along the very path that the service takes: align, features, finish."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from recon.arrays import FloatArray
from recon.networks.contrast_enhancer import ContrastEnhancer
from recon.tasks.base import FinishedSlice
from recon.tasks.contrast.prediction import Prediction
from recon.tasks.contrast.slices import AlignedPair
from recon.training.contrast.recipe import ContrastRecipe
from recon.values.fixed_point import numbers
from recon.volumes import Volume


@dataclass(frozen=True)
class Applied:
    """What came out of a pair: the pair as aligned; finished slices, and what the network said of them, by number."""

    pair: AlignedPair
    slices: dict[int, FinishedSlice]
    predictions: dict[int, Prediction]

    def images(self, indices: Collection[int]) -> FloatArray:
        """(slice, y, x) of some slices, 99th percentile of the pre scan 1."""
        return np.stack([self.slices[index].image for index in indices]).astype(np.float32) / self.pair.scale

    def uncertainty(self, indices: Collection[int]) -> FloatArray:
        """(slice, y, x) half-width of the interval, same unit."""
        return np.stack([numbers(self.slices[index].uncertainty) for index in indices]) / self.pair.scale

    def parts(self, indices: Collection[int]) -> tuple[FloatArray, FloatArray, FloatArray]:
        """(slice, y, x) of what :func:`half_width` makes the interval of, same unit; none of it outside of the box."""
        whole = np.zeros((3, len(indices), *self.pair.pre.shape[1:]), np.float32)
        for place, index in enumerate(indices):
            found = self.predictions[index]
            whole[:, place, *self.pair.box] = found.width, found.moved, found.doubtful
        width, moved, doubtful = whole
        return width, moved, doubtful


def network_of(weights: dict[str, Tensor], recipe: ContrastRecipe) -> ContrastEnhancer:
    """A network with weights of a checkpoint or of a served file."""
    network = ContrastEnhancer(recipe.channels, recipe.blocks)
    network.load_state_dict(weights)
    return network.eval()


def apply(
    network: ContrastEnhancer,
    pre: Volume,
    low: Volume,
    dose_fraction: float,
    factor: float,
    wanted: Collection[int] | None = None,
    *,
    trust: bool = False,
) -> Applied:
    """Synthesise slices of a pair.

    Parameters
    ----------
    network
        In evaluation mode.
    pre, low
        The two scans; ``low.values`` may be changed.
    dose_fraction
        Of the second.
    factor
        Conformal factor.
    wanted
        Numbers of slices; by default all.
    trust
        Take the network's answer even where the checks reject the pair.
    """
    pair = AlignedPair.of(pre, low, dose_fraction)
    pair = replace(pair, checks=[]) if trust else pair
    made: dict[int, FinishedSlice] = {}
    said: dict[int, Prediction] = {}
    for work in pair.work(factor):
        if wanted is not None and work.index not in wanted:
            continue
        tensors = {name: np.zeros(spec.shape, spec.dtype) for name, spec in work.inputs.items()}
        work.prepare(tensors)
        with torch.no_grad():
            output = network(torch.from_numpy(tensors["features"]), torch.from_numpy(tensors["conditions"]))
        answer = {"enhancement_and_interval": output.numpy()}
        made[work.index], said[work.index] = work.finish(answer), work.predicted(answer)
    return Applied(pair, made, said)
