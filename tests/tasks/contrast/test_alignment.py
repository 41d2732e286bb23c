"""Motion that is put in is found and taken out, whether least squares or mutual information finds it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import affine_transform

from recon.tasks.contrast.alignment import NEGLIGIBLE_MM, align
from recon.tasks.contrast.head import Head, about, rotation
from recon.volumes import Geometry, Volume
from tests.tasks.contrast.phantom import SHAPE, scans, uptake


def _moved(volume: Volume, motion: np.ndarray) -> Volume:
    """A scan of a head that has moved."""
    order = np.eye(4)[[2, 1, 0, 3]]
    affine = volume.geometry.affine
    index = order @ np.linalg.inv(affine) @ np.linalg.inv(motion) @ affine @ order
    values = affine_transform(volume.values, index[:3, :3], index[:3, 3], order=3)
    return Volume(np.maximum(values, 0), volume.geometry, volume.unit)


def test_scans_without_motion_are_not_resampled() -> None:
    pre, low = scans(uptake(), gain=1.05)
    before = low.values.copy()
    found = align(Head(pre), low)
    assert found.motion_mm < NEGLIGIBLE_MM
    assert found.gain == pytest.approx(1.05, rel=0.002)
    np.testing.assert_allclose(found.low, before / np.float32(found.gain), rtol=1e-5)
    assert found.similarity > 0.97
    assert found.coverage == 1.0


@pytest.mark.parametrize(("degrees", "shift"), [(0.1, 0.1), (0.5, 0.5), (3.0, 3.0), (6.0, 5.0)])
def test_motion_is_found_to_a_twentieth_of_a_millimetre(degrees: float, shift: float) -> None:
    pre, low = scans(uptake(), noise=0.005, gain=0.97)
    motion = about(
        np.zeros(3), rotation(np.radians(degrees) * np.array([0.6, 0.0, 0.8])), shift * np.array([0.6, -0.8, 0])
    )
    head = Head(pre)
    found = align(head, _moved(low, motion))
    assert found.degrees == pytest.approx(degrees, abs=0.05)
    assert head.displacement(np.linalg.inv(motion) @ found.motion) < 0.05
    assert found.gain == pytest.approx(0.97, rel=0.004)
    inner = (slice(10, -10), slice(20, -20), slice(20, -20))
    error = (found.low - low.values / 0.97)[inner]
    assert np.sqrt((error**2).mean()) < 6.0  # of 300, with noise of 1.5 and cubic interpolation twice


def test_another_orientation_is_brought_home() -> None:
    pre, low = scans(uptake())
    flipped = low.geometry.affine.copy()
    flipped[:3, 3] += flipped[:3, :3] @ np.array([SHAPE[2] - 1, SHAPE[1] - 1, 0])
    flipped[:3, :2] *= -1
    turned = Volume(np.ascontiguousarray(low.values[:, ::-1, ::-1]), Geometry(flipped), low.unit)
    found = align(Head(pre), turned)
    assert found.motion_mm < 0.15
    assert np.abs(found.low - low.values)[10:-10, 20:-20, 20:-20].mean() < 3.0
