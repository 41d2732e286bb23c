from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from recon.preservation.sharpness import edge_spread, ttf50

RADIUS = 11.0


def _disc(sigma: float, centre: tuple[float, float]) -> np.ndarray:
    finer = 8
    y, x = (np.mgrid[: 48 * finer, : 48 * finer] + 0.5) / finer - 0.5
    shape = (np.hypot(y - centre[0], x - centre[1]) <= RADIUS).astype(float)
    return gaussian_filter(shape, sigma * finer).reshape(48, finer, 48, finer).mean((1, 3))


@pytest.mark.parametrize("sigma", [1.0, 1.6])
def test_a_gaussian_blur_has_its_own_transfer_function(sigma: float) -> None:
    """exp(-2 pi² sigma² f²) is a half at sqrt(ln 2 / 2) / (pi sigma); pixels add a variance of 1/12."""
    centres = np.array([(23.6, 24.1), (24.3, 23.8), (23.9, 24.4)])
    profile = edge_spread(np.stack([_disc(sigma, tuple(c)) for c in centres]), centres, RADIUS)
    assert profile[0] == pytest.approx(1, abs=0.01)
    assert profile[-1] == pytest.approx(0, abs=0.01)
    assert ttf50(profile) == pytest.approx(np.sqrt(np.log(2) / 2) / (np.pi * np.sqrt(sigma**2 + 1 / 12)), rel=0.02)


@pytest.mark.parametrize(("blur", "ratio"), [(0.5, 0.858), (0.8, 0.722), (1.2, 0.571)])
def test_a_centre_on_the_grid_has_no_gaps_in_its_profile(blur: float, ratio: float) -> None:
    """A disc blurred by 0.835 pixels in all, and once more; no pixel lies at some of the distances."""
    centres = np.array([(24.0, 24.0)])
    given, blurred = (
        ttf50(edge_spread(_disc(np.sqrt(total - 1 / 12), (24.0, 24.0))[None], centres, RADIUS))
        for total in (0.697, 0.697 + blur**2)
    )
    assert given == pytest.approx(np.sqrt(np.log(2) / 2) / (np.pi * np.sqrt(0.697)), rel=0.02)
    assert blurred / given == pytest.approx(ratio, rel=0.01)


def test_pictures_without_an_edge_are_refused() -> None:
    with pytest.raises(ValueError, match="radius 11; give larger ones"):
        edge_spread(np.ones((1, 3, 3)), np.array([(1.0, 1.0)]), RADIUS)
