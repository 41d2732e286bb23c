"""Conformal calibration of the CT denoiser on scans that it was not trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from recon.arrays import FloatArray
from recon.networks.ct_denoiser import CtDenoiser
from recon.quality.conformal import conformal_factor, measured_coverage
from recon.training import anatomy, noise_bank
from recon.training.ct_pairs import PatchSampler
from recon.training.recipe import CtRecipe

COVERAGE = 0.9
_BATCHES, _BATCH = 24, 16
_TISSUE = (-200.0, 300.0)


def calibrate(weights: dict[str, Tensor], recipe: CtRecipe, roots: list[Path], work: Path) -> dict[str, Any]:
    """Calibrate on one half of the held-out scans and measure on the other, both ways round.

    Noise scenes are new ones. The factor that ships is calibrated on all held-out scans; the
    coverage that is reported for a scan is measured with the factor of the *other* scans.

    Parameters
    ----------
    weights, recipe
        Of the network.
    roots
        Folders that hold the held-out sources.
    work
        For the cache of simulated noise.
    """
    bank_folder = work / "held_out_bank"
    if not bank_folder.exists():
        noise_bank.save(noise_bank.build(24, 4, 512, recipe.seed + 1000, []), bank_folder)
    bank = noise_bank.load(bank_folder)
    network = CtDenoiser(recipe.channels, recipe.blocks)
    network.load_state_dict(weights)
    network.eval()
    pictures = anatomy.load_sources(recipe.held_out, roots)
    samples: dict[str, tuple[FloatArray, FloatArray]] = {}
    for source in recipe.held_out:
        own = [picture for picture in pictures if picture.source == source.name]
        sampler = PatchSampler(own, bank, recipe.patch, 0.0, recipe.seed + 2000)
        samples[source.name] = _errors(network, sampler)
    measured = {}
    for name, (error, width) in samples.items():
        others = [sample for key, sample in samples.items() if key != name]
        factor = conformal_factor(
            np.concatenate([e for e, _ in others]), np.concatenate([w for _, w in others]), COVERAGE
        )
        measured[name] = {
            "factor_from_other_scans": round(factor, 4),
            "coverage": round(measured_coverage(error, factor * width), 4),
            "mean_half_width_hu": round(float(np.mean(factor * width)), 2),
        }
    factor = conformal_factor(
        np.concatenate([e for e, _ in samples.values()]),
        np.concatenate([w for _, w in samples.values()]),
        COVERAGE,
    )
    return {"coverage": COVERAGE, "conformal_factor": round(factor, 4), "held_out": measured}


def _errors(network: CtDenoiser, sampler: PatchSampler) -> tuple[FloatArray, FloatArray]:
    """Absolute errors and predicted half-widths in soft tissue of held-out patches."""
    errors, widths = [], []
    for _ in range(_BATCHES):
        patches = sampler.draw(_BATCH, {})
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            output = network(patches.low).float()
        tissue = (patches.full > _TISSUE[0]) & (patches.full < _TISSUE[1])
        error = (patches.low - output[:, :1] - patches.full).abs()
        errors.append(error[tissue].numpy())
        widths.append((0.5 * (output[:, 1:2] + output[:, 2:3]))[tissue].numpy())
    return np.concatenate(errors), np.concatenate(widths)
