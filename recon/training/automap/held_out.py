"""Anatomy that no network was trained on, and its simulated acquisitions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from recon.arrays import ComplexArray
from recon.physics.encoding import SIDE, Encoding
from recon.training.automap import images
from recon.training.automap.recipe import AutomapRecipe
from recon.training.automap.sampler import generator, noisy, smooth_phase


@dataclass(frozen=True)
class Acquired:
    """Images and their samples at one noise level.

    Attributes
    ----------
    truth
        (count, y, x) complex64 of root mean square 1.
    samples
        (count, samples) complex64 with noise.
    decibel
        Signal-to-noise ratio of the samples.
    """

    truth: ComplexArray
    samples: ComplexArray
    decibel: float


def anatomy(recipe: AutomapRecipe, roots: list[Path], side: int = SIDE) -> ComplexArray:
    """Held-out slices as they are, with smooth random phase, (count, y, x) complex64 of root mean square 1."""
    slices = images.load(recipe.held_out, roots, side).anatomy.astype(np.float32)
    slices /= np.sqrt(np.square(slices).mean((1, 2), keepdims=True))
    phase = smooth_phase(len(slices), side, generator(recipe.seed, 4 * 10**9)).numpy()
    return np.asarray(slices * np.exp(1j * phase), np.complex64)


def acquire(scheme: Encoding, truth: ComplexArray, decibel: float, seed: int) -> Acquired:
    """Simulate the acquisition of images."""
    clean = torch.from_numpy(scheme.forward(truth))
    samples = noisy(clean, torch.full((len(truth),), decibel), generator(seed, round(10 * decibel) + 5 * 10**9))
    return Acquired(truth, samples.numpy(), decibel)
