"""What is added to an anatomy lies within it."""

from __future__ import annotations

import numpy as np

from recon.training.mr import structure


def test_lesions_are_inside_the_head() -> None:
    y, x = np.mgrid[-1:1:128j, -1:1:128j]
    clean = (np.hypot(x, y) < 0.7).astype(np.float32)
    for seed in range(10):
        changed = structure.add_lesions(clean, 1.0, np.random.default_rng(seed))
        assert (changed != clean).any()
        assert not (changed[clean == 0] != 0).any()
