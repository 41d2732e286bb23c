"""Simulated scans of more than heads: CT turned into MR contrasts, slabs, body arrays, many coils."""

from __future__ import annotations

import numpy as np

from recon.training.mr.coils import receive_maps
from recon.training.mr.sampler import acquire
from recon.training.mr.served import served_sensitivities


def test_training_can_use_the_sensitivities_that_are_served() -> None:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    image = (np.hypot(x, y) < 0.9).astype(np.complex64)
    truth = receive_maps(4, rng)
    scan = acquire(image, truth, np.ones((64, 64), bool), 0.002, rng)
    maps = served_sensitivities(scan.kspace.numpy(), np.ones((64, 64), bool))
    inside = np.hypot(x, y) < 0.8
    coils = scan.coil_images.numpy()[:, inside]
    explained = np.abs((maps[:, inside].conj() * coils).sum(0)) / np.sqrt((np.abs(coils) ** 2).sum(0))
    assert explained.mean() > 0.98
