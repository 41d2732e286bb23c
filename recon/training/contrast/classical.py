"""What one would do without a network: amplify the difference, after more or less smoothing."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter
from skimage.restoration import denoise_nl_means

from recon.arrays import FloatArray
from recon.tasks.contrast.features import SIGMAS, predict
from recon.tasks.contrast.slices import AlignedPair

METHODS = ("tenfold difference", "smoothed", "regression", "non-local means")


def amplified(name: str, pair: AlignedPair, slices: list[int], full: FloatArray) -> FloatArray:
    """Full-dose images (slice, y, x) of a classical method at the smoothing that suits the truth best.

    Parameters
    ----------
    name
        One of :data:`METHODS`.
    pair
        Aligned scans.
    slices
        Numbers of slices.
    full
        (slice, y, x) the truth, 99th percentile of the pre scan 1, to choose the smoothing by: that flatters them.
    """
    pre = pair.pre / np.float32(pair.scale)
    difference = (pair.low - pair.pre) / np.float32(pair.scale * pair.dose_fraction)
    if name == "tenfold difference":
        return np.asarray(pre[slices] + difference[slices])
    sigma = pair.noise / pair.dose_fraction
    candidates = []
    if name == "smoothed":
        candidates = [pre[slices] + gaussian_filter(difference, s)[slices] for s in SIGMAS]
    elif name == "regression":
        mean, _, grid = pair.slab(0, len(pair.pre))
        anatomy = np.zeros_like(difference)
        anatomy[(slice(None), *pair.box)] = predict(mean, grid, pair.anatomy)
        candidates = [pre[slices] + (anatomy + gaussian_filter(difference - anatomy, s))[slices] for s in SIGMAS]
    elif name == "non-local means":
        for strength in (0.6, 1.0, 1.5):
            planes = [
                denoise_nl_means(difference[i], patch_size=5, patch_distance=7, h=strength * sigma, sigma=sigma)
                for i in slices
            ]
            candidates.append(pre[slices] + np.stack(planes))
    else:
        raise ValueError(f"no method {name}; there are {METHODS}")
    return min(candidates, key=lambda image: float(np.mean((image - full) ** 2)))
