"""Conformal calibration of the unrolled network on anatomy that it was not trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from recon.arrays import FloatArray
from recon.networks.mr_unrolled import root_sum_of_squares
from recon.quality.conformal import conformal_factor, measured_coverage
from recon.training.mr import anatomy, objects
from recon.training.mr.recipe import MrRecipe
from recon.training.mr.sampler import ScanSampler
from recon.training.mr.served import Reconstruct

COVERAGE = 0.9
_PIXELS = 1500  # of each scan, so that large matrices do not outweigh small ones


def calibrate(reconstruct: Reconstruct, recipe: MrRecipe, roots: list[Path], scans: int = 48) -> dict[str, Any]:
    """Calibrate on the held-out volumes.

    Coverage is measured on each volume with the factor of the others, and on the second half of all scans
    with the factor of the first.

    Parameters
    ----------
    reconstruct
        The served network.
    recipe
        Names the held-out volumes. Coils, masks, phases and noise are drawn anew from the
        distribution of the training.
    roots
        Folders that hold the volumes.
    scans
        Of each volume.
    """
    samples: dict[str, tuple[FloatArray, FloatArray]] = {}
    for index, source in enumerate(recipe.held_out):
        seed = recipe.seed + 3000 + index
        pool = objects.build_pool(anatomy.load([source], roots), scans, seed)
        samples[source.name] = errors_and_widths(reconstruct, ScanSampler(pool, scans, seed), scans)
    measured = {}
    for name, (error, width) in samples.items():
        factor = _factor([sample for key, sample in samples.items() if key != name] or [samples[name]])
        measured[name] = {
            "factor_from_other_volumes": round(factor, 4),
            "coverage": round(measured_coverage(error, factor * width), 4),
            "mean_half_width_relative": round(float(np.mean(factor * width)), 4),
        }
    factor = _factor(list(samples.values()))
    middle = scans // 2 * _PIXELS
    first = [(error[:middle], width[:middle]) for error, width in samples.values()]
    second = [np.concatenate([sample[part][middle:] for sample in samples.values()]) for part in (0, 1)]
    return {
        "coverage": COVERAGE,
        "conformal_factor": round(factor, 4),
        "scans_of_each": scans,
        "second_half_of_scans_by_first": round(measured_coverage(second[0], _factor(first) * second[1]), 4),
        "held_out": measured,
    }


def errors_and_widths(reconstruct: Reconstruct, sampler: ScanSampler, scans: int) -> tuple[FloatArray, FloatArray]:
    """Absolute errors and predicted half-widths inside the head, relative to the mean signal there."""
    errors, widths = [], []
    for _ in range(scans):
        scan = sampler.draw()
        truth = root_sum_of_squares(scan.coil_images).numpy()
        real, imaginary, below, above, _ = reconstruct(scan.kspace.numpy())
        head = np.flatnonzero(truth > 0.1 * np.percentile(truth, 98))
        size = truth.ravel()[head].mean()
        taken = sampler.rng.choice(head, _PIXELS)
        errors.append((np.abs(np.hypot(real, imaginary) - truth) / size).ravel()[taken])
        widths.append(((below + above) / (2 * size)).ravel()[taken])
    return np.concatenate(errors), np.concatenate(widths)


def _factor(samples: list[tuple[FloatArray, FloatArray]]) -> float:
    error, width = (np.concatenate(parts) for parts in zip(*samples, strict=True))
    return conformal_factor(error, width, COVERAGE)
