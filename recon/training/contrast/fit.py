"""Training of the contrast network."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from recon.networks.contrast_enhancer import ContrastEnhancer
from recon.training.contrast.anatomy import load_head
from recon.training.contrast.recipe import ContrastRecipe
from recon.training.contrast.sampler import Patches, VolumeSampler
from recon.training.fit import Plan, device, pinball, reduced_precision
from recon.training.fit import fit as run

_OUTSIDE = 0.1


def loss(output: Tensor, patches: Patches) -> Tensor:
    """Huber loss of the enhancement, and pinball loss of the two quantile heads.

    Parameters
    ----------
    output
        (batch, 3, y, x) of :class:`ContrastEnhancer`.
    patches
        What the network was shown and what it should find.
    """
    weight = _OUTSIDE + (1 - _OUTSIDE) * patches.inside
    weight = weight / weight.mean()
    error = output[:, :1] - patches.enhancement
    distance = functional.huber_loss(error, torch.zeros_like(error), reduction="none", delta=0.4)
    # of the image, so that the interval covers the noise of the mean scan too
    residual = patches.remainder - patches.share * output[:, :1].detach()
    below, above = output[:, 1:2], output[:, 2:3]
    interval = pinball(residual + below, 0.05) + pinball(residual - above, 0.95)
    return (weight * (100.0 * distance + interval)).mean()


def fit(
    recipe: ContrastRecipe,
    roots: list[Path],
    work: Path,
    minutes: float | None,
    start: dict[str, Tensor] | None = None,
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
    start
        Weights to begin with, of an earlier run or of a served file.

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
    if start is not None:
        network.load_state_dict(start)

    def step_loss(step: int) -> Tensor:
        drawn = sampler.draw(step)
        patches = Patches(**{name: tensor.to(where) for name, tensor in vars(drawn).items()})
        with reduced_precision(where):
            output = network(patches.features.contiguous(memory_format=torch.channels_last), patches.conditions)
        return loss(output.float(), patches)

    return run(network, step_loss, Plan(recipe.steps, recipe.learning_rate, minutes), work)
