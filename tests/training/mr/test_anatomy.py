"""Planes are cut from volumes of the anatomy, whole and of the right size."""

from __future__ import annotations

import numpy as np
import pytest

from recon.training.mr import anatomy


def test_a_missing_source_is_named(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone\.nii"):
        anatomy.load([anatomy.MrSource(name="gone", path="gone.nii")], [tmp_path])


def test_an_object_fills_its_matrix_and_is_not_cut_off(volumes) -> None:
    for seed in range(6):
        drawn = anatomy.draw_plane(volumes, (100, 90), 1.5, np.random.default_rng(seed))
        plane = drawn.values
        assert plane.shape == (150, 135)
        assert drawn.volume.scalp
        assert 0.3 < drawn.pixel_mm < 2.5
        edge = np.concatenate([plane[0], plane[-1], plane[:, 0], plane[:, -1]])
        assert (edge > 0.1).mean() < 0.25
        assert (plane > 0.1).mean() > 0.15


def test_a_slab_is_cut_along_itself_and_the_couch_is_gone(trunk) -> None:
    assert trunk[0].normals() == [2]
    plane = anatomy.draw_plane(trunk, (128, 128), 1.0, np.random.default_rng(1))
    inside = plane.values > -400
    assert 0.1 < inside.mean() < 0.95
    restored = trunk[0].coefficients
    assert restored[:, 2:5].max() < -500  # where the couch was
