"""Contrasts of MR from the attenuation of CT."""

from __future__ import annotations

import numpy as np

from recon.training.mr import tissues


def test_tissues_are_told_apart_by_their_attenuation() -> None:
    plane = np.array([[-1000.0, -800.0, -105.0, 55.0, 1200.0]])
    magnitudes = []
    for seed in range(20):
        magnitude, fat = tissues.from_hounsfield(plane, np.random.default_rng(seed))
        air, lung, _, muscle, dense = magnitude[0]
        assert air == 0
        assert lung <= 0.12
        assert dense <= 0.1
        assert muscle > 0.1
        np.testing.assert_array_equal(fat[0] > 0.5, [False, False, True, False, False])
        magnitudes.append(magnitude[0, 2] > magnitude[0, 3])
    assert 0 < sum(magnitudes) < 20  # fat is brighter in some contrasts and darker in others
