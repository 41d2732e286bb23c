"""Trains one AUTOMAP network; run as a module, in the background, and again to resume."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from torch import Tensor

from recon.networks.automap import AcquiredToImage, Automap, RealignedFourier
from recon.physics.encoding import DELAY, SIDE, encoding
from recon.training import checkpoint
from recon.training.automap import images, initialise, last_layer
from recon.training.automap.recipe import AutomapRecipe
from recon.training.automap.sampler import AcquisitionOperator, Sampler, as_input, generator, noisy
from recon.training.fit import TrainingPlan, fit, pinball, reduced_precision
from recon.training.recipe import read


def build(recipe: AutomapRecipe, initial: Path) -> tuple[Automap, float]:
    """The network before training, and the root mean square of an image over that of its samples.

    Parameters
    ----------
    recipe
        Of the network.
    initial
        What :func:`prepare` wrote: the inverse in 8 bits.
    """
    scheme = encoding(recipe.encoding)
    with np.load(initial) as stored:
        scale = float(stored["image_scale"])
        if "weight" in stored:
            transform: torch.nn.Module = AcquiredToImage(SIDE * SIDE, len(scheme.positions))
            weight = stored["weight"].astype(np.float32) * stored["row"][:, None]
            transform.get_buffer("weight").copy_(torch.from_numpy(weight))
            transform.get_buffer("column").copy_(torch.from_numpy(stored["column"]))
        else:
            transform = RealignedFourier(SIDE, DELAY)
    torch.manual_seed(recipe.seed)
    network = Automap(transform, len(scheme.positions), SIDE, recipe.first_rank, recipe.second_rank, recipe.channels)
    return network, scale


def prepare(recipe: AutomapRecipe, sampler: Sampler, covariance_file: Path, initial: Path) -> None:
    """Solve for the first layer and write it, once.

    Parameters
    ----------
    covariance_file
        Kept between encodings, which share it.
    initial
        Written: ``weight`` (int8), ``row``, ``column``, ``image_scale``; the matrix itself beside it.
    """
    if initial.exists():
        return
    scheme = encoding(recipe.encoding)
    if initialise.realigned(scheme):
        np.savez(initial, image_scale=1.0)
        return
    if not covariance_file.exists():
        covariance = initialise.magnitude_covariance(sampler, recipe.covariance_images, recipe.seed)
        np.save(covariance_file, covariance * initialise.phase_coherence(2000, recipe.seed))
    factor = initialise.image_scale(scheme, sampler, recipe.seed)
    inverse = initialise.wiener(scheme, np.load(covariance_file), factor, recipe.design_decibel)
    stored = initialise.eight_bits(inverse.matrix / factor)
    np.savez(initial, weight=stored.weight, row=stored.row, column=stored.column, image_scale=factor)
    np.save(initial.with_name("inverse.npy"), inverse.matrix / factor)


class AutomapLoss:
    """The loss of a step, on images and noise drawn for it.

    Root mean square error of the complex image, so that no noise level outweighs the others, and the
    pinball loss of the interval of the magnitude.
    """

    def __init__(self, network: Automap, recipe: AutomapRecipe, sampler: Sampler, image_scale: float) -> None:
        self._network, self._recipe, self._sampler, self._scale = network, recipe, sampler, image_scale
        self._acquire = AcquisitionOperator(encoding(recipe.encoding))

    def draw(self, step: int) -> tuple[Tensor, Tensor]:
        """Input (batch, 2, samples) and truth (batch, y, x) complex64 in the unit of the network's image."""
        recipe, rng = self._recipe, generator(self._recipe.seed, step)
        truth = self._sampler.images(recipe.batch, rng)
        span = recipe.most_decibel - recipe.least_decibel
        decibel = recipe.least_decibel + span * torch.rand(recipe.batch, generator=rng)
        samples, scale = as_input(noisy(self._acquire(truth), decibel, rng))
        return samples, truth / (scale[:, :, None] * self._scale)

    def __call__(self, step: int) -> Tensor:
        """Draw and compare."""
        samples, truth = self.draw(step)
        image = self._network.transformed(samples)
        with reduced_precision(torch.device("cpu")):
            out = self._network.refined(image)
        return loss_of(out, truth)


def loss_of(out: Tensor, truth: Tensor) -> Tensor:
    """Of the network's output (batch, 4, y, x) against the truth (batch, y, x) complex64."""
    error = (out[:, 0] - truth.real).square() + (out[:, 1] - truth.imag).square()
    root = (error.mean((1, 2)) + 1e-6).sqrt().mean()
    estimate = torch.hypot(out[:, 0].detach(), out[:, 1].detach())
    difference = truth.abs() - estimate
    interval = pinball(difference + out[:, 2], 0.05) + pinball(difference - out[:, 3], 0.95)
    return root + interval.mean()


def take_convolutions(network: Automap, trained: Path) -> None:
    """Start the convolutions, and they alone, from the averaged weights of another network's checkpoint."""
    average = checkpoint.load_average(trained)
    network.load_state_dict({n: v for n, v in average.items() if "convolve" in n}, strict=False)


def train(recipe: AutomapRecipe, roots: list[Path], work: Path, minutes: float | None) -> Path:
    """Train, or resume, and return the checkpoint."""
    work.mkdir(parents=True, exist_ok=True)
    sampler = Sampler(images.cached(recipe.sources, roots, work.parent / "automap_bank.npz"), recipe.photographs)
    initial = work / "initial.npz"
    prepare(recipe, sampler, work.parent / "automap_covariance.npy", initial)
    network, scale = build(recipe, initial)
    loss = AutomapLoss(network, recipe, sampler, scale)
    if recipe.start_from and not (work / "checkpoint.safetensors").exists():
        take_convolutions(network, work.parent / f"automap_{recipe.start_from}" / "checkpoint.safetensors")
        if recipe.last_layer_batches:
            last_layer.solve(network, loss.draw, recipe.last_layer_batches)
    network.to(memory_format=torch.channels_last)
    return fit(network, loss, TrainingPlan(recipe.steps, recipe.learning_rate, minutes), work)


def main(
    recipe: Annotated[Path, typer.Argument(help="The model's recipe.yaml.")],
    data: Annotated[list[Path], typer.Option(help="Folder with the recipe's data; may be given more than once.")],
    work: Annotated[Path, typer.Option(help="Folder for cache and checkpoint; outside the repository.")],
    minutes: Annotated[float | None, typer.Option(help="By default the recipe's number of steps.")] = None,
) -> None:
    """Train, or go on from the checkpoint in WORK."""
    print(train(read(recipe, AutomapRecipe), data, work, minutes))


if __name__ == "__main__":
    typer.run(main)
