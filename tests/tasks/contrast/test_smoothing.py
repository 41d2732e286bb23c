"""Smoothing of some slices against SciPy's of all, one behind the other."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from recon.tasks.contrast.smoothing import TRUNCATE, smooth_slices


@pytest.mark.parametrize("aspect", [1.0, 3.0])
@pytest.mark.parametrize("sigmas", [(1.0,), (1.0, 3.0), (1.0, 1.118, 1.323, 2.236)])
def test_slices_are_those_of_the_whole_volume_smoothed_step_by_step(aspect: float, sigmas: tuple[float, ...]) -> None:
    volume = np.random.default_rng(0).normal(0, 1, (40, 64, 60)).astype(np.float32)
    wanted = whole = volume
    for sigma in sigmas:
        whole = gaussian_filter(whole, (sigma / aspect, sigma, sigma), truncate=TRUNCATE, mode="nearest")
    made = smooth_slices(volume, sigmas, aspect, slice(17, 23))
    inner = np.s_[:, 18:-18, 18:-18]  # at the edges of the plane the steps repeat other values
    assert made.dtype == np.float32
    # the tails that are left out hold a thousandth of the weight
    np.testing.assert_allclose(made[inner], whole[17:23][inner], atol=2e-3 * float(wanted.std()))
    half = smooth_slices(volume, sigmas, aspect, slice(17, 23), 2)
    np.testing.assert_allclose(half, made[:, ::2, ::2], atol=1e-6)
