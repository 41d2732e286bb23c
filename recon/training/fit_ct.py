"""Training loop of the CT denoiser."""

from __future__ import annotations

import contextlib
import math
import os
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from recon.networks.ct_denoiser import CtDenoiser
from recon.training import anatomy, checkpoint, noise_bank
from recon.training.ct_pairs import Patches, PatchSampler
from recon.training.recipe import CtRecipe
from recon.training.validation import Pair, score_pairs


def loss(output: Tensor, patches: Patches) -> Tensor:
    """Squared error in units of the noise, and pinball loss of the two quantile heads.

    Parameters
    ----------
    output
        (batch, 3, y, x) of :class:`CtDenoiser`.
    patches
        What the network was shown and what it should find.
    """
    sigma = (patches.noise_hu + 2.0)[:, None, None, None]
    error = (patches.low - output[:, :1] - patches.full) / sigma
    window = torch.where((patches.full > -250) & (patches.full < 350), 1.0, 0.3)
    # quadratic up to three noise deviations, linear beyond: one metal edge must not steer a step
    distance = nn.functional.huber_loss(error, torch.zeros_like(error), reduction="none", delta=3.0)
    below, above = output[:, 1:2] / sigma, output[:, 2:3] / sigma
    residual = -error.detach()  # truth minus estimate
    pinball = _pinball(residual + below, 0.05) + _pinball(residual - above, 0.95)
    return (window * distance).mean() + 0.1 * pinball.mean()


def _pinball(difference: Tensor, quantile: float) -> Tensor:
    return torch.maximum(quantile * difference, (quantile - 1.0) * difference)


def prepare_data(recipe: CtRecipe, roots: list[Path], cache: Path) -> PatchSampler:
    """Clean anatomy and noise bank, made once and kept in ``cache``."""
    cache.mkdir(parents=True, exist_ok=True)
    pictures = _cached_anatomy(recipe, roots, cache / "anatomy.npz")
    if not (cache / "bank" / "images.npy").exists():
        bodies = [
            (p.values.astype(np.float64), p.spacing_mm)
            for p in pictures
            if p.role == "ct" and min(p.values.shape) >= 500
        ]
        bank = noise_bank.build(recipe.scenes, recipe.realisations, 512, recipe.seed, bodies)
        noise_bank.save(bank, cache / "bank")
    bank = noise_bank.load(cache / "bank")
    return PatchSampler(pictures, bank, recipe.patch, recipe.texture_share, recipe.seed)


def _cached_anatomy(recipe: CtRecipe, roots: list[Path], path: Path) -> list[anatomy.Picture]:
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
            pictures.append(anatomy.Picture(values, float(spacing), role, source))
    return pictures


def fit(recipe: CtRecipe, roots: list[Path], work: Path, minutes: float | None, pairs: list[Pair]) -> Path:
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
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    sampler = prepare_data(recipe, roots, work)
    network = CtDenoiser(recipe.channels, recipe.blocks).to(device).to(memory_format=torch.channels_last)
    average = {name: value.detach().clone() for name, value in network.state_dict().items()}
    optimizer = torch.optim.Adam(network.parameters(), lr=recipe.learning_rate, betas=(0.9, 0.99))
    path = work / "checkpoint.safetensors"
    start = checkpoint.load(path, network, average, optimizer) if path.exists() else checkpoint.Progress()
    weights = {source.name: recipe.weights.get(source.name, 1.0) for source in recipe.sources}
    sampler.rng = np.random.default_rng((recipe.seed, start.step))
    usual_norm = 1.0  # of the gradient; steps of more than twice that are shortened
    save_every = int(os.environ.get("RECON_SAVE_EVERY", "1000"))
    running, began, step = 0.0, time.monotonic() - start.seconds, start.step
    while True:
        seconds = time.monotonic() - began
        progress = max(step / recipe.steps, seconds / (60 * minutes) if minutes else 0.0)
        if progress >= 1:
            break
        rate = recipe.learning_rate * _schedule(step, progress)
        for group in optimizer.param_groups:
            group["lr"] = rate
        patches = sampler.draw(recipe.batch, weights)
        patches = Patches(patches.low.to(device), patches.full.to(device), patches.noise_hu.to(device))
        optimizer.zero_grad(set_to_none=True)
        with _reduced_precision(device):
            output = network(patches.low.contiguous(memory_format=torch.channels_last))
        value = loss(output.float(), patches)
        value.backward()
        norm = float(nn.utils.clip_grad_norm_(network.parameters(), 2.0 * usual_norm))
        if not math.isfinite(norm):
            raise FloatingPointError(f"gradient is not finite at step {step}; lower the learning rate")
        usual_norm += 0.02 * (min(norm, 2.0 * usual_norm) - usual_norm)
        optimizer.step()
        step += 1
        decay = min(0.999, step / (step + 10))
        for name, tensor in network.state_dict().items():
            average[name].lerp_(tensor, 1 - decay)
        running += (float(value.detach()) - running) / min(step - start.step, 200)
        if step % 100 == 0:
            print(
                f"step {step} loss {running:.4f} norm {usual_norm:.3f} rate {rate:.1e} {seconds / 60:.1f} min",
                flush=True,
            )
        if step % save_every == 0:
            checkpoint.save(path, network, average, optimizer, checkpoint.Progress(step, seconds))
            if pairs:
                print(f"step {step} validation {score_pairs(average, recipe, pairs)}", flush=True)
    checkpoint.save(path, network, average, optimizer, checkpoint.Progress(step, seconds))
    return path


def _schedule(step: int, progress: float) -> float:
    """Linear warm-up over 200 steps, then half a cosine down to 1 %."""
    return min(1.0, (step + 1) / 200) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))


def _reduced_precision(device: torch.device) -> contextlib.AbstractContextManager[None]:
    if device.type == "cuda" or torch.backends.mkldnn.is_available():
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return contextlib.nullcontext()
