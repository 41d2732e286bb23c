"""A scan is laid over another."""

from __future__ import annotations

import numpy as np
import pytest

from recon.comparison.register import registered
from recon.volumes import Geometry, Volume
from tests.tasks.contrast.phantom import head


def test_a_moved_head_is_moved_back() -> None:
    values = (300 * head()).astype(np.float32)
    here, there = Geometry(np.eye(4)), Geometry(np.eye(4))
    moved = np.roll(values, 3, axis=2)
    found, _, shift = registered(Volume(values, here), Volume(moved, there), np.ones_like(values))
    assert shift == pytest.approx(3, abs=0.3)
    inside = np.s_[8:-8, 8:-8, 8:-8]
    assert np.nanmean(np.abs(found - values)[inside]) < 0.3 * np.abs(moved - values)[inside].mean()
