"""Training of the contrast network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from recon.networks.contrast_enhancer import ContrastEnhancer
from recon.training.contrast import response
from recon.training.contrast.anatomy import load_head
from recon.training.contrast.recipe import ContrastRecipe
from recon.training.contrast.sampler import PairPatches, VolumeSampler
from recon.training.export import read_weights
from recon.training.fit import TrainingPlan, device, pinball, reduced_precision
from recon.training.fit import fit as run

_OUTSIDE = 0.1
#: Lesions that the response is learned from.
_SHAPES = 120


def loss(output: Tensor, patches: PairPatches) -> Tensor:
    """Huber loss of the enhancement, and pinball loss of the two quantile heads.

    Parameters
    ----------
    output
        (batch, 3, y, x) of :class:`ContrastEnhancer`.
    patches
        What the network was shown and what it should find.
    """
    return (_weight(patches) * (_distance(output, patches) + _interval(output, patches))).mean()


def lesion_loss(
    network: ContrastEnhancer, lesions: response.Lesions, plain: PairPatches, recipe: ContrastRecipe
) -> Tensor:
    """The loss on patches with and without lesions, with what the lesions' response lacks.

    Half of the interval's loss and more is of the lesions' inner voxels: they are too few to count otherwise,
    and an interval that misses exactly them is of no use.

    Parameters
    ----------
    network
        In training.
    lesions, plain
        The patches with and without lesions, on the network's device.
    recipe
        With the weights.
    """
    both = PairPatches(*(torch.cat(pair) for pair in zip(_tensors(plain), _tensors(lesions.patches), strict=True)))
    with reduced_precision(both.features.device):
        output = network(both.features.contiguous(memory_format=torch.channels_last), both.conditions)
    output = output.float()
    without, within = output[:, :1].chunk(2)
    weight, interval = _weight(both), _interval(output, both)
    inner = (lesions.core * interval.chunk(2)[1]).sum() / lesions.core.sum().clamp(min=1e-3)
    share = recipe.core_weight
    return (
        (weight * _distance(output, both)).mean()
        + recipe.response_weight * response.loss(within, without, lesions)
        + 2.0 * ((1 - share) * (weight * interval).mean() + share * inner)
    )


def _tensors(patches: PairPatches) -> list[Tensor]:
    return list(vars(patches).values())


def _weight(patches: PairPatches) -> Tensor:
    weight = _OUTSIDE + (1 - _OUTSIDE) * patches.inside
    return weight / weight.mean()


def _distance(output: Tensor, patches: PairPatches) -> Tensor:
    error = output[:, :1] - patches.enhancement
    return 100.0 * functional.huber_loss(error, torch.zeros_like(error), reduction="none", delta=0.4)


def _interval(output: Tensor, patches: PairPatches) -> Tensor:
    # of the image, so that the interval covers the noise of the mean scan too
    residual = patches.remainder - patches.share * output[:, :1].detach()
    return pinball(residual + output[:, 1:2], 0.05) + pinball(residual - output[:, 2:3], 0.95)


def fit(
    recipe: ContrastRecipe,
    roots: list[Path],
    work: Path,
    minutes: float | None,
) -> Path:
    """Train, resuming from ``work`` when a checkpoint is there.

    Parameters
    ----------
    recipe
        What to train.
    roots
        Folders that hold the recipe's data sources.
    work
        Folder of the checkpoint.
    minutes
        Wall-clock budget; the learning rate follows it when it is shorter than the recipe's steps.

    Returns
    -------
    Path
        The checkpoint.
    """
    torch.manual_seed(recipe.seed)
    where = device()
    heads = [(load_head(source, roots), source.weight) for source in recipe.sources]
    sampler = VolumeSampler(heads, recipe)
    network = ContrastEnhancer(recipe.channels, recipe.blocks).to(where).to(memory_format=torch.channels_last)
    if recipe.start:
        network.load_state_dict(read_weights(Path(recipe.start)))
    known = response.shapes(_SHAPES, np.random.default_rng(recipe.seed)) if recipe.response_weight else None

    def step_loss(step: int) -> Tensor:
        drawn = sampler.draw(step)
        patches = PairPatches(*(tensor.to(where) for tensor in _tensors(drawn)))
        if known is not None:
            made = response.with_lesions(drawn, known, np.random.default_rng((recipe.seed, 8, step)))
            planes = (plane.to(where) for plane in (made.added, made.inside, made.height, made.core))
            lesions = response.Lesions(PairPatches(*(t.to(where) for t in _tensors(made.patches))), *planes)
            return lesion_loss(network, lesions, patches, recipe)
        with reduced_precision(where):
            output = network(patches.features.contiguous(memory_format=torch.channels_last), patches.conditions)
        return loss(output.float(), patches)

    plan = (TrainingPlan.tuning if recipe.start else TrainingPlan)(recipe.steps, recipe.learning_rate, minutes)
    return run(network, step_loss, plan, work)
