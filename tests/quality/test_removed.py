from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from recon.quality.removed import edge_energy_ratio
from tests.conftest import body


def test_noise_passes_and_a_blurred_outline_does_not() -> None:
    clean = body(256, 0.0).astype(float)
    noise = np.random.default_rng(0).normal(0, 15, clean.shape)
    assert edge_energy_ratio(clean, noise) < 1.2
    blurred = gaussian_filter(clean, 2.0)
    assert edge_energy_ratio(blurred, clean + noise - blurred) > 2.0


def test_too_little_to_compare_gives_no_figure() -> None:
    assert np.isnan(edge_energy_ratio(np.zeros((128, 128)), np.ones((128, 128))))
