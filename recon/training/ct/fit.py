"""Training loop of the CT denoiser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from recon.networks.ct_denoiser import CtDenoiser
from recon.training.ct import anatomy, noise_bank, probes
from recon.training.ct.pairs import Patches, PatchSampler
from recon.training.ct.validation import ValidationPair, score_pairs
from recon.training.export import read_weights
from recon.training.fit import TrainingPlan, device, pinball, reduced_precision
from recon.training.fit import fit as run
from recon.training.recipe import CtRecipe
from recon.training.trainer import key_of


def loss(output: Tensor, patches: Patches, weight: Tensor | None = None) -> Tensor:
    """Squared error in units of the noise, and pinball loss of the two quantile heads.

    Parameters
    ----------
    output
        (batch, 3, y, x) of :class:`CtDenoiser`.
    patches
        What the network was shown and what it should find.
    weight
        (batch, 1, y, x) of the error at each pixel; alike without.
    """
    sigma = (patches.noise_hu + 2.0)[:, None, None, None]
    error = (patches.low - output[:, :1] - patches.full) / sigma
    window = torch.where((patches.full > -250) & (patches.full < 350), 1.0, 0.3)
    # quadratic up to three noise deviations, linear beyond: one metal edge must not steer a step
    distance = nn.functional.huber_loss(error, torch.zeros_like(error), reduction="none", delta=3.0)
    below, above = output[:, 1:2] / sigma, output[:, 2:3] / sigma
    residual = -error.detach()  # truth minus estimate
    interval = pinball(residual + below, 0.05) + pinball(residual - above, 0.95)
    weight = torch.ones_like(error) if weight is None else weight
    return (weight * window * distance).sum() / weight.sum() + 0.1 * interval.mean()


def probed_loss(network: nn.Module, patches: Patches, rng: np.random.Generator, recipe: CtRecipe) -> Tensor:
    """The loss on patches as they are and with probes in them, and what the probes lose (:mod:`.probes`).

    Parameters
    ----------
    network
        In training.
    patches
        On the network's device.
    rng
        Source of the probes.
    recipe
        With the weights of both.
    """
    where = patches.low.device
    marks = probes.draw(patches, rng).to(where)
    low = torch.cat([patches.low, torch.clamp(patches.low + marks, -1024, 3071)])
    twice = Patches(
        low,
        torch.cat([patches.full, patches.full + marks]),
        *(torch.cat([value] * 2) for value in (patches.noise_hu, patches.cutoff, patches.spacing_mm)),
    )
    with reduced_precision(where):
        output = network(low.contiguous(memory_format=torch.channels_last))
    output = output.float()
    lesions = probes.lesions(marks)
    weight = 1 + (recipe.lesion_weight - 1) * torch.cat([torch.zeros_like(lesions), lesions])
    without, within = (low - output[:, :1]).chunk(2)
    kept = probes.kept(within - without, marks, patches.full)
    return loss(output, twice, weight) + recipe.probe_weight * kept.loss()


def prepare_data(recipe: CtRecipe, roots: list[Path], cache: Path) -> PatchSampler:
    """Clean anatomy and noise bank, made once and kept in ``cache`` under names that depend on the recipe."""
    cache.mkdir(parents=True, exist_ok=True)
    pictures = _cached_anatomy(recipe, roots, cache / f"anatomy-{key_of(recipe, 'sources')}.npz")
    folder = cache / f"bank-{key_of(recipe, 'scenes', 'realisations', 'seed', 'sources')}"
    if not (folder / "images.npy").exists():
        bodies = [
            (p.values.astype(np.float64), p.spacing_mm)
            for p in pictures
            if p.role == "ct" and min(p.values.shape) >= 500
        ]
        bank = noise_bank.build(recipe.scenes, recipe.realisations, 512, recipe.seed, bodies)
        noise_bank.save(bank, folder)
    bank = noise_bank.load(folder)
    return PatchSampler(pictures, bank, recipe.patch, recipe.texture_share, recipe.seed)


def _cached_anatomy(recipe: CtRecipe, roots: list[Path], path: Path) -> list[anatomy.CleanPicture]:
    if not path.exists():
        pictures = anatomy.load_sources(recipe.sources, roots)
        arrays = {
            f"{index}|{p.source}|{p.role}|{p.spacing_mm}": p.values.astype(np.float16)
            for index, p in enumerate(pictures)
        }
        np.savez(path, **arrays)
    pictures = []
    with np.load(path) as archive:
        for key in archive.files:
            _, source, role, spacing = key.split("|")
            values = archive[key].astype(np.float32)
            pictures.append(anatomy.CleanPicture(values, float(spacing), role, source))
    return pictures


def fit(recipe: CtRecipe, roots: list[Path], work: Path, minutes: float | None, pairs: list[ValidationPair]) -> Path:
    """Train, resuming from ``work`` when a checkpoint is there.

    Parameters
    ----------
    recipe
        What to train.
    roots
        Folders that hold the recipe's data sources.
    work
        Folder for the cache and the checkpoint.
    minutes
        Wall-clock budget; the learning rate follows it when it is shorter than the recipe's steps.
    pairs
        Real pairs to score as the run goes on.

    Returns
    -------
    Path
        The checkpoint.
    """
    torch.manual_seed(recipe.seed)
    where = device()
    sampler = prepare_data(recipe, roots, work)
    network = CtDenoiser(recipe.channels, recipe.blocks, recipe.return_px)
    if recipe.start:
        network.load_state_dict(read_weights(Path(recipe.start)))
    network.to(where).to(memory_format=torch.channels_last)
    weights = {source.name: recipe.weights.get(source.name, 1.0) for source in recipe.sources}

    def step_loss(step: int) -> Tensor:
        sampler.rng = np.random.default_rng((recipe.seed, step))
        drawn = sampler.draw(recipe.batch, weights)
        patches = Patches(**{name: tensor.to(where) for name, tensor in vars(drawn).items()})
        if recipe.probe_weight:
            return probed_loss(network, patches, np.random.default_rng((recipe.seed, step, 1)), recipe)
        with reduced_precision(where):
            output = network(patches.low.contiguous(memory_format=torch.channels_last))
        return loss(output.float(), patches)

    plan = (TrainingPlan.tuning if recipe.start else TrainingPlan)(recipe.steps, recipe.learning_rate, minutes)
    return run(network, step_loss, plan, work, (lambda average: score_pairs(average, recipe, pairs)) if pairs else None)
