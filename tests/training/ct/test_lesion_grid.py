"""What is said to be kept of small lesions is what a known filter keeps."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from recon.training.ct import lesion_grid
from recon.training.ct.lesion_grid import Disc
from tests.conftest import body

SPACING = 0.7


@pytest.mark.parametrize("disc", [Disc(4, 20), Disc(3, 100)])
def test_a_linear_filter_keeps_what_it_keeps_of_each_disc_whatever_the_anatomy(disc: Disc) -> None:
    full = body(256, 0.0)
    where = lesion_grid.places(full)
    assert len(where) >= 5
    assert all(-50 < full[y, x] < 150 for y, x in where)
    grid = lesion_grid.grid_of(disc, where, full.shape, SPACING)
    noisy = full + np.random.default_rng(0).normal(0, 20, full.shape).astype(np.float32)

    def denoise(image: np.ndarray) -> np.ndarray:
        return 0.3 * image + 0.7 * gaussian_filter(image, 2.0)

    without, within = denoise(noisy), denoise(noisy + grid)
    found = lesion_grid.measure(
        disc,
        where,
        grid,
        without=without,
        within=within,
        full=full,
        uncertainty=np.full(full.shape, 40.0),
        spacing_mm=SPACING,
    )
    blurred = denoise(grid)
    expected = float((blurred * grid).sum() / (grid**2).sum())
    assert found.shares == pytest.approx(np.full(len(where), expected), abs=0.02)
    summary = lesion_grid.summary([found])[str(disc)]
    assert summary["kept_median"] == pytest.approx(expected, abs=0.02)
    # noise of 20 HU through that filter has a deviation of 6 HU; what a lesion lost comes on top
    lost = (1 - expected) * disc.contrast_hu
    assert summary["interval_coverage"] > (0.95 if lost < 25 else 0.05)
    assert summary["places"] == len(where)


def test_discs_have_their_size_and_contrast() -> None:
    grid = lesion_grid.grid_of(Disc(10, 50), np.array([[40, 60]]), (96, 128), 0.5)
    assert float(grid.max()) == pytest.approx(50, rel=0.01)
    assert float(grid.sum()) == pytest.approx(50 * np.pi * 10**2, rel=0.03)
    assert tuple(np.unravel_index(grid.argmax(), grid.shape)) == pytest.approx((40, 60), abs=8)
