"""scikit-image as its users call it for CT; in a file of its own, since it is loaded into a process of its own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from recon.arrays import FloatArray
from recon.training.ct.metrics import WINDOW


def non_local_means(hu: FloatArray, sigma: float) -> FloatArray:
    """Non-local means (Buades et al. 2005) in the soft-tissue range, noise of ``sigma`` HU."""
    from skimage.restoration import denoise_nl_means

    part = np.clip(hu, -400, 500)
    smooth = denoise_nl_means(part, patch_size=5, patch_distance=6, h=0.8 * sigma, sigma=sigma, fast_mode=True)
    return hu - part + smooth


def total_variation_as_called(hu: FloatArray, _: float) -> FloatArray:
    """scikit-image's total variation as its gallery calls it: the window as 0 to 1, weight 0.1."""
    from skimage.restoration import denoise_tv_chambolle

    return _in_window(hu, lambda part: denoise_tv_chambolle(part, weight=0.1))


def non_local_means_as_called(hu: FloatArray, _: float) -> FloatArray:
    """scikit-image's non-local means as its gallery calls it, with the noise that it estimates itself."""
    from skimage.restoration import denoise_nl_means, estimate_sigma

    def denoise(part: FloatArray) -> FloatArray:
        sigma = float(estimate_sigma(part))
        return np.asarray(
            denoise_nl_means(part, h=0.8 * sigma, sigma=sigma, fast_mode=True, patch_size=5, patch_distance=6)
        )

    return _in_window(hu, denoise)


def _in_window(hu: FloatArray, denoise: Callable[[FloatArray], FloatArray]) -> FloatArray:
    low, high = WINDOW
    part = np.clip(hu, low, high)
    return hu - part + low + (high - low) * denoise((part - low) / (high - low))
