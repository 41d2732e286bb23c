"""Smooth discs with a phase, to be scanned."""

from __future__ import annotations

import numpy as np
import torch

from recon.physics.encoding import SIDE
from recon.training.automap.sampler import smooth_phase


def discs(count):
    y, x = np.mgrid[:SIDE, :SIDE]
    rng = np.random.default_rng(1)
    found = [1.0 * (np.hypot(y - rng.uniform(26, 38), x - 32) < 20) for _ in range(count)]
    phase = smooth_phase(count, SIDE, torch.Generator().manual_seed(1)).numpy()
    return (np.stack(found) * np.exp(1j * phase)).astype(np.complex64)
