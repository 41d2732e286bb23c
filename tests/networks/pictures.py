"""Complex images, and as what networks take."""

from __future__ import annotations

import numpy as np
import torch


def image_of(side, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(2, side, side)) + 1j * rng.normal(size=(2, side, side))).astype(np.complex64)


def parts_of(values):
    return torch.from_numpy(np.stack([values.real, values.imag], 1))
