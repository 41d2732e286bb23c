"""Errors and predicted widths of the CT denoiser on scans that it was not trained on.

The interval's factor comes from real pairs where a recipe names some, since real noise, texture and errors
are what it must cover; otherwise from simulated scans of anatomy that was held out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from recon.arrays import FloatArray
from recon.tasks.ct.denoise import STEP_HU
from recon.training.calibrate import Served, cross_calibrated
from recon.training.ct import anatomy, noise_bank
from recon.training.ct.pairs import PatchSampler
from recon.training.ct.validation import read_pairs
from recon.training.recipe import CtRecipe
from recon.training.trainer import key_of

_BATCHES, _BATCH = 24, 16
_TISSUE = (-200.0, 300.0)


def calibrate(run: Served, recipe: CtRecipe, roots: list[Path], work: Path) -> dict[str, Any]:
    """The factor, and how well such a factor does on scans that it was not made from.

    Parameters
    ----------
    run
        The exported network, as it is served.
    recipe
        That it was trained with.
    roots
        Folders that hold the held-out sources and the pairs.
    work
        For the cache of simulated noise, which is new noise.

    Returns
    -------
    dict
        Of :func:`recon.training.calibrate.cross_calibrated`: on real pairs by patient (what stands before the
        first ``_`` of a name), or, where the recipe names none, on the simulated scans that it holds out.

    Raises
    ------
    FileNotFoundError
        When a source lies under none of ``roots``.
    """
    found = pair_errors(run, recipe, roots) if recipe.pairs else held_out_errors(run, recipe, roots, work)
    return cross_calibrated(found)


def pair_errors(run: Served, recipe: CtRecipe, roots: list[Path]) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Absolute errors and half-widths, HU, in soft tissue of the recipe's real pairs, by patient."""
    samples: dict[str, list[tuple[FloatArray, FloatArray]]] = {}
    for name, pair in read_pairs(recipe.pairs, roots).items():
        low = pair.low[None, None].astype(np.float32)
        errors = _in_tissue(run, low, pair.full[None, None])
        samples.setdefault(name.partition("_")[0], []).append(errors)
    return {name: _joined(found) for name, found in samples.items()}


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
    drawn = (sampler.draw(_BATCH, {}) for _ in range(_BATCHES))
    return _joined([_in_tissue(run, patches.low.numpy(), patches.full.numpy()) for patches in drawn])


def _in_tissue(run: Served, low: FloatArray, full: FloatArray) -> tuple[FloatArray, FloatArray]:
    (output,) = run({"hu": np.ascontiguousarray(low)}, ["noise_and_half_width"])
    noise, half_width = np.split(STEP_HU * output.astype(np.float32), 2, 1)
    tissue = (full > _TISSUE[0]) & (full < _TISSUE[1])
    return np.abs(low - noise - full)[tissue], half_width[tissue]


def _joined(found: list[tuple[FloatArray, FloatArray]]) -> tuple[FloatArray, FloatArray]:
    return np.concatenate([error for error, _ in found]), np.concatenate([width for _, width in found])
