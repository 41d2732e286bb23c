"""Scores on real pairs while a network trains."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from skimage.metrics import structural_similarity
from torch import Tensor

from recon.arrays import FloatArray
from recon.networks.ct_denoiser import CtDenoiser
from recon.training.ct import anatomy
from recon.training.ct.metrics import WINDOW
from recon.training.fit import reduced_precision
from recon.training.recipe import CtRecipe


@dataclass(frozen=True)
class ValidationPair:
    """A low-dose slice and the full-dose one of the same anatomy, (y, x) HU."""

    low: FloatArray
    full: FloatArray


def read_pairs(names: list[str], roots: list[Path]) -> dict[str, ValidationPair]:
    """Real pairs by name (arrays ``quarter_dose_hu`` and ``full_dose_hu`` of a ``.npz`` file).

    Raises
    ------
    FileNotFoundError
        When a pair lies under none of the roots.
    """
    pairs = {}
    for name in names:
        with np.load(anatomy.find(name, roots)) as arrays:
            low, full = arrays["quarter_dose_hu"], arrays["full_dose_hu"]
        pairs[Path(name).stem] = ValidationPair(low.astype(np.float32), full.astype(np.float32))
    return pairs


def score_pairs(weights: dict[str, Tensor], recipe: CtRecipe, pairs: list[ValidationPair]) -> str:
    """Mean ratio of RMSE to the low-dose RMSE, and gain in SSIM, in the abdominal window."""
    network = CtDenoiser(recipe.channels, recipe.blocks, recipe.return_px)
    network.load_state_dict(weights)
    network.eval()
    ratios, gains = [], []
    for pair in pairs:
        with torch.no_grad(), reduced_precision(torch.device("cpu")):
            noise = network(torch.from_numpy(pair.low)[None, None])[0, 0].float().numpy()
        low, full, out = (np.clip(a, *WINDOW) for a in (pair.low, pair.full, pair.low - noise))
        ratios.append(_rmse(out, full) / _rmse(low, full))
        span = WINDOW[1] - WINDOW[0]
        gains.append(
            structural_similarity(out, full, data_range=span) - structural_similarity(low, full, data_range=span)
        )
    each = " ".join(f"{r:.3f}" for r in ratios)
    return f"rmse ratio {np.mean(ratios):.4f} ({each}) ssim {np.mean(gains):+.4f}"


def _rmse(a: FloatArray, b: FloatArray) -> float:
    return float(np.sqrt(np.mean((a - b) ** 2)))
