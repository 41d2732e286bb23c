from __future__ import annotations

import numpy as np
import pytest

from recon.comparison.change import changes

SPACING = (2.0, 1.0, 1.0)


def _scans(noise: float = 5.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    clean = np.full((8, 64, 64), 50.0)
    one, other = (clean + rng.normal(0, noise, clean.shape) for _ in range(2))
    return one.astype(np.float32), other.astype(np.float32), np.full(clean.shape, 1.645 * noise, np.float32)


def test_noise_alone_is_no_change() -> None:
    one, other, width = _scans()
    assert (np.abs(other - one) > np.hypot(width, width)).mean() == pytest.approx(0.1, abs=0.01)  # pixel by pixel
    assert changes(one, other, (width, width), SPACING).regions == []


def test_a_lesion_that_grew_is_found_with_its_volume() -> None:
    one, other, width = _scans()
    z, y, x = np.ogrid[:8, :64, :64]
    grown = ((z - 4) * 2) ** 2 + (y - 30) ** 2 + (x - 40) ** 2 <= 16
    other[grown] += 40
    (region,) = changes(one, other, (width, width), SPACING).regions
    assert region.centre == (4, 30, 40)
    assert region.mean > 20
    assert region.volume_mm3 == pytest.approx(grown.sum() * 2, rel=0.4)


def test_what_is_outside_of_a_scan_has_not_changed() -> None:
    one, other, width = _scans()
    other[:, :20] = np.nan
    assert changes(one, other, (width, width), SPACING).regions == []


def test_what_a_registration_leaves_at_edges_is_no_change_and_a_lesion_beside_them_is() -> None:
    x = np.arange(64)
    edge, moved = (np.broadcast_to(1000 / (1 + np.exp(-(x - place))), (8, 64, 64)) for place in (30, 30.08))
    one, other = edge.astype(np.float32), moved.astype(np.float32)
    width = np.full(one.shape, 5.0, np.float32)
    assert changes(one, other, (width, width), SPACING).regions
    assert changes(one, other, (width, width), SPACING, 0.1).regions == []
    other[3:5, 20:26, 45:51] += 40
    assert len(changes(one, other, (width, width), SPACING, 0.1).regions) == 1
