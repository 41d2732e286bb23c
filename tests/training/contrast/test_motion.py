from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from recon.training.contrast.simulate import _moved


def test_a_whole_voxel_moves_the_image_by_one() -> None:
    volume = gaussian_filter(np.random.default_rng(0).normal(size=(12, 16, 20)), 1.5, mode="wrap").astype(np.float32)
    moved = _moved(volume, (0.0, 1.0, 0.0))
    np.testing.assert_allclose(moved, np.roll(volume, 1, axis=1), atol=1e-4)


def test_small_and_large_motions_agree_where_they_meet() -> None:
    volume = gaussian_filter(np.random.default_rng(0).normal(size=(16, 24, 24)), 3.0, mode="wrap").astype(np.float32)
    small, large = _moved(volume, (0.0, 0.0, 0.199)), _moved(volume, (0.0, 0.0, 0.201))
    inner = np.s_[2:-2, 2:-2, 2:-2]
    change = np.abs(large - volume)[inner].max()
    assert np.abs(small - large)[inner].max() < 0.15 * change
