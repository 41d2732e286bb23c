"""A handful of fixed simulated scans of held-out anatomy, to watch a training by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from recon.networks.mr_unrolled import UnrolledNetwork, root_sum_of_squares
from recon.physics import sampling
from recon.training.mr import anatomy, objects
from recon.training.mr.coils import receive_maps
from recon.training.mr.recipe import MrRecipe
from recon.training.mr.sampler import SampledScan, acquire

_SHAPE, _NOISE, _CALIBRATION = (192, 160), 0.011, 24


def validation_scans(recipe: MrRecipe, roots: list[Path], count: int = 6) -> list[SampledScan]:
    """Scans with eight coils at R = 4 and 8 in turn of the recipe's held-out volumes."""
    volumes = anatomy.load(recipe.held_out, roots)
    scans = []
    for index in range(count):
        rng = np.random.default_rng((recipe.seed + 7000, index // 2))
        image = objects.draw_object(volumes, _SHAPE, rng)
        columns = sampling.equispaced(_SHAPE[1], 4 if index % 2 == 0 else 8, _CALIBRATION)
        scans.append(acquire(image, receive_maps(8, rng), np.broadcast_to(columns, _SHAPE), _NOISE, rng))
    return scans


def mean_psnr(average: dict[str, Tensor], recipe: MrRecipe, scans: list[SampledScan]) -> list[float]:
    """Mean PSNR in dB of the magnitude inside the head at R = 4 and at R = 8, after the best scalar fit."""
    network = UnrolledNetwork(recipe.channels, recipe.blocks, recipe.cascades, recipe.repeats)
    network.load_state_dict(average)
    found = []
    for scan in scans:
        with torch.no_grad():
            image = network(scan.kspace, scan.mask, scan.calibration).estimates[-1].abs()
        found.append(psnr(image, root_sum_of_squares(scan.coil_images)))
    return [round(float(np.mean(found[part::2])), 2) for part in (0, 1)]


def psnr(image: Tensor, truth: Tensor) -> float:
    """In dB of the truth's maximum, where the truth exceeds a twentieth of it, after the best scalar fit."""
    head = truth > 0.05 * truth.max()
    a, b = image[head], truth[head]
    a = a * ((a * b).sum() / (a * a).sum())
    return float(20 * torch.log10(b.max() / (a - b).square().mean().sqrt()))
