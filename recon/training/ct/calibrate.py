"""Errors and predicted widths of the CT denoiser on scans that it was not trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recon.arrays import FloatArray
from recon.tasks.ct.denoise import STEP_HU
from recon.training.calibrate import Served
from recon.training.ct import anatomy, noise_bank
from recon.training.ct.pairs import PatchSampler
from recon.training.recipe import CtRecipe
from recon.training.trainer import key_of

_BATCHES, _BATCH = 24, 16
_TISSUE = (-200.0, 300.0)


def held_out_errors(
    run: Served, recipe: CtRecipe, roots: list[Path], work: Path
) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Absolute errors and half-widths, HU, in soft tissue of every scan that the recipe holds out.

    Parameters
    ----------
    run
        The exported network, as it is served.
    recipe
        That it was trained with.
    roots
        Folders that hold the held-out sources.
    work
        For the cache of simulated noise, which is new noise.

    Raises
    ------
    FileNotFoundError
        When a source lies under none of ``roots``.
    """
    folder = work / f"held_out_bank-{key_of(recipe, 'seed')}"
    if not folder.exists():
        noise_bank.save(noise_bank.build(24, 4, 512, recipe.seed + 1000, []), folder)
    bank = noise_bank.load(folder)
    pictures = anatomy.load_sources(recipe.held_out, roots)
    samples = {}
    for source in recipe.held_out:
        own = [picture for picture in pictures if picture.source == source.name]
        samples[source.name] = _errors(run, PatchSampler(own, bank, recipe.patch, 0.0, recipe.seed + 2000))
    return samples


def _errors(run: Served, sampler: PatchSampler) -> tuple[FloatArray, FloatArray]:
    errors, widths = [], []
    for _ in range(_BATCHES):
        patches = sampler.draw(_BATCH, {})
        low, full = patches.low.numpy(), patches.full.numpy()
        (output,) = run({"hu": np.ascontiguousarray(low)}, ["noise_and_half_width"])
        noise, half_width = np.split(STEP_HU * output.astype(np.float32), 2, 1)
        tissue = (full > _TISSUE[0]) & (full < _TISSUE[1])
        errors.append(np.abs(low - noise - full)[tissue])
        widths.append(half_width[tissue])
    return np.concatenate(errors), np.concatenate(widths)
