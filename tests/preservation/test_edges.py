"""A method that does nothing leaves edges as sharp as they are, and a blur does not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import fourier_gaussian, gaussian_filter

from recon.preservation.edges import CONTRASTS_HU, ttf50_ratios
from recon.preservation.trial import Background, Pair

SIDE = 192


def test_ratios_of_nothing_and_of_a_blur() -> None:
    flat = np.full((SIDE, SIDE), 50.0, np.float32)
    low = flat + np.random.default_rng(0).normal(0, 3, flat.shape).astype(np.float32)
    background = Background("phantom", flat, np.ones(flat.shape, bool), 1.0)
    methods = {
        "nothing": lambda images: (images, None),
        "blur": lambda images: (gaussian_filter(images, (0, 2, 2)), None),
    }
    found = ttf50_ratios([Pair("flat", low, flat, 0.7)], [background], methods, blur_mm=0.7, seed=0)
    assert set(found) == set(methods)
    for contrast in CONTRASTS_HU[1:]:  # the faintest is rounded to whole HU
        assert found["nothing"][contrast] == pytest.approx(1, abs=0.1)
        assert found["blur"][contrast] < 0.7


@pytest.mark.parametrize(("blur_px", "ratio"), [(0.5, 0.858), (0.8, 0.722), (1.2, 0.571)])
def test_a_blur_lowers_the_ratio_by_what_it_is(blur_px: float, ratio: float) -> None:
    """Discs are blurred by 0.783 pixels, and pixels add a variance of 1/12."""
    flat = np.full((SIDE, SIDE), 50.0, np.float32)
    background = Background("phantom", flat, np.ones(flat.shape, bool), 0.0)
    methods = {"blur": lambda images: (np.stack([_blurred(image, blur_px) for image in images]), None)}
    found = ttf50_ratios([Pair("flat", flat, flat, 0.7)], [background], methods, blur_mm=0.783 * 0.7, seed=0)
    assert found["blur"][300.0] == pytest.approx(ratio, rel=0.01)


def _blurred(image: np.ndarray, sigma: float) -> np.ndarray:
    """By a Gaussian as it is between pixels too; one sampled at half a pixel blurs less."""
    return np.fft.ifft2(fourier_gaussian(np.fft.fft2(image), sigma)).real
