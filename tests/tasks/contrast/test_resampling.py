"""The low-dose scan comes onto the voxels of the pre scan, slab by slab, and says where it shows nothing."""

from __future__ import annotations

import numpy as np
import pytest

from recon.tasks.contrast import resampling
from recon.tasks.contrast.head import about, rotation
from recon.tasks.contrast.resampling import resample, shown_by
from recon.volumes import Volume
from tests.tasks.contrast.phantom import SHAPE, geometry, scans, uptake

TURNED = about(np.zeros(3), rotation(np.array([0.02, -0.03, 0.05])), np.array([0.7, -1.3, 2.1]))


def test_slabs_are_parts_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    pre, low = scans(uptake())
    monkeypatch.setattr(resampling, "_SLAB", 10 * SHAPE[1] * SHAPE[2])
    slabs = resample(low, pre, TURNED)
    monkeypatch.setattr(resampling, "_SLAB", 1 << 22)
    monkeypatch.setattr(resampling, "_MARGIN", 1000)
    np.testing.assert_allclose(slabs, resample(low, pre, TURNED), atol=0.02)  # of 300


def test_no_motion_gives_the_scan_and_far_away_nothing() -> None:
    pre, low = scans(uptake())
    np.testing.assert_allclose(resample(low, pre, np.eye(4)), low.values, atol=0.02)
    far = about(np.zeros(3), np.eye(3), np.array([500.0, 0, 0]))
    assert not resample(low, pre, far).any()


def test_what_is_shown_is_what_lies_inside() -> None:
    pre, low = scans(uptake())
    turned = Volume(low.values, geometry(turned=True), low.unit)
    assert shown_by(low, pre, np.eye(4)) is None
    for other, motion in ((low, TURNED), (turned, TURNED)):
        found = shown_by(other, pre, motion)
        assert found is not None
        z, y, x = np.indices(pre.shape).reshape(3, -1)
        points = pre.geometry.affine @ np.stack([x, y, z, np.ones_like(x)])
        place = (np.linalg.inv(other.geometry.affine) @ motion @ points)[:3]
        limits = np.array(other.shape[::-1])[:, None] - 1 + 0.3
        np.testing.assert_array_equal(found.reshape(-1), ((place >= -0.3) & (place <= limits)).all(axis=0))
