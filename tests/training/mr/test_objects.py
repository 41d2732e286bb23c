"""Objects are drawn once, kept, and given back."""

from __future__ import annotations

import numpy as np

from recon.training.mr import objects
from recon.training.mr.objects import build_pool


def test_the_pool_gives_back_what_was_drawn(volumes, tmp_path) -> None:
    pool = objects.build_pool(volumes, 3, 7)
    objects.save_pool(pool, tmp_path / "objects.npz")
    again = objects.load_pool(tmp_path / "objects.npz")
    rng = np.random.default_rng((7, 2))
    drawn = objects.draw_object(volumes, objects.random_shape(rng), rng)
    np.testing.assert_allclose(again.get(2), drawn, atol=2e-3)


def test_an_object_of_a_slab_has_signal_and_a_dark_surround(trunk) -> None:
    image = objects.draw_object(trunk, (120, 110), np.random.default_rng(3))
    assert image.shape == (120, 110)
    assert np.isfinite(image).all()
    assert 0.05 < (np.abs(image) > 0.1).mean() < 0.98


def test_a_pool_of_phantoms_alone_needs_no_anatomy_for_them() -> None:
    pool = build_pool([], 3, seed=5, phantoms=1.0)
    assert len(pool) == 3
    assert all(np.abs(pool.get(index)).max() > 0.3 for index in range(3))
