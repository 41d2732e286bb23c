"""Trains dAUTOMAP; run as a module, in the background, and again to resume."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from torch import Tensor

from recon.arrays import Mask
from recon.networks.dautomap import Dautomap
from recon.networks.mr_unrolled import to_kspace
from recon.physics.sampling import equispaced, random_columns
from recon.training.automap import images, last_layer
from recon.training.automap.fit import loss_of
from recon.training.automap.recipe import DautomapRecipe
from recon.training.automap.sampler import Sampler, generator
from recon.training.fit import TrainingPlan, fit, reduced_precision
from recon.training.recipe import read


def build(recipe: DautomapRecipe) -> Dautomap:
    """The network before training."""
    torch.manual_seed(recipe.seed)
    return Dautomap(recipe.side, recipe.channels, recipe.blocks)


def lines(recipe: DautomapRecipe, rng: np.random.Generator) -> Mask:
    """Which lines of k-space are measured, (kx,) bool: equally spaced or random, with a full centre."""
    centre = int(rng.integers(recipe.least_centre, recipe.most_centre + 1))
    wanted = float(rng.uniform(recipe.least_acceleration, recipe.most_acceleration))
    if rng.random() < 0.3:
        return equispaced(recipe.side, max(2, round(wanted)), centre, int(rng.integers(8)))
    return random_columns(recipe.side, wanted, centre, rng)


def acquire(truth: Tensor, masks: Tensor, decibel: Tensor, rng: torch.Generator) -> Tensor:
    """k-space (batch, ky, kx) complex64 of images (batch, y, x): noisy where measured, zero elsewhere."""
    kspace = to_kspace(truth) * masks[:, None]
    share = masks.float().mean(1)[:, None, None]
    level = (kspace.abs().square().mean((1, 2), keepdim=True) / share).sqrt() * 10 ** (-decibel[:, None, None] / 20)
    noise = torch.complex(*(torch.randn(kspace.shape, generator=rng) for _ in range(2))) * math.sqrt(0.5)
    return (kspace + level * noise) * masks[:, None]


def as_input(kspace: Tensor) -> tuple[Tensor, Tensor]:
    """The network's input (batch, 2, ky, kx) and what it was divided by, (batch, 1, 1)."""
    scale = kspace.abs().square().mean((1, 2), keepdim=True).sqrt().clamp_min(1e-12)
    unit = kspace / scale
    return torch.stack([unit.real, unit.imag], 1), scale


class DautomapLoss:
    """The loss of a step, on images, lines and noise drawn for it."""

    def __init__(self, network: Dautomap, recipe: DautomapRecipe, sampler: Sampler) -> None:
        self._network, self._recipe, self._sampler = network, recipe, sampler

    def draw(self, step: int) -> tuple[Tensor, Tensor]:
        """Input (batch, 2, ky, kx) and truth (batch, y, x) complex64 in the unit of the network's image."""
        recipe, rng = self._recipe, generator(self._recipe.seed, step)
        truth = self._sampler.images(recipe.batch, rng)
        span = recipe.most_decibel - recipe.least_decibel
        decibel = recipe.least_decibel + span * torch.rand(recipe.batch, generator=rng)
        numbers = np.random.default_rng([recipe.seed, step])
        masks = torch.from_numpy(np.stack([lines(recipe, numbers) for _ in range(recipe.batch)]))
        kspace, scale = as_input(acquire(truth, masks, decibel, rng))
        return kspace, truth / scale

    def __call__(self, step: int) -> Tensor:
        """Draw and compare."""
        kspace, truth = self.draw(step)
        image = self._network.transformed(kspace)
        crop = self._recipe.crop  # the U-Net, which costs most, sees a part of the image at a time
        top, left = np.random.default_rng([self._recipe.seed, step, 1]).integers(self._recipe.side - crop + 1, size=2)
        here = slice(top, top + crop), slice(left, left + crop)
        image, truth = image[:, :, here[0], here[1]], truth[:, here[0], here[1]]
        with reduced_precision(torch.device("cpu")):
            out = self._network.refined(image)
        return loss_of(out, truth)


def train(recipe: DautomapRecipe, roots: list[Path], work: Path, minutes: float | None) -> Path:
    """Train, or resume, and return the checkpoint."""
    work.mkdir(parents=True, exist_ok=True)
    bank = images.cached(recipe.sources, roots, work.parent / "dautomap_bank.npz", recipe.side)
    network = build(recipe)
    loss = DautomapLoss(network, recipe, Sampler(bank, recipe.photographs, shrink=1))
    if recipe.last_layer_batches and not (work / "checkpoint.safetensors").exists():
        last_layer.solve_dautomap(network, loss.draw, recipe.last_layer_batches)
    network.to(memory_format=torch.channels_last)
    return fit(network, loss, TrainingPlan(recipe.steps, recipe.learning_rate, minutes), work)


def main(
    recipe: Annotated[Path, typer.Argument(help="The model's recipe.yaml.")],
    data: Annotated[list[Path], typer.Option(help="Folder with the recipe's data; may be given more than once.")],
    work: Annotated[Path, typer.Option(help="Folder for cache and checkpoint; outside the repository.")],
    minutes: Annotated[float | None, typer.Option(help="By default the recipe's number of steps.")] = None,
) -> None:
    """Train, or go on from the checkpoint in WORK."""
    print(train(read(recipe, DautomapRecipe), data, work, minutes))


if __name__ == "__main__":
    typer.run(main)
