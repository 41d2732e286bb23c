"""What a user would pick otherwise: total variation, BM3D, bilateral filter.

Each gets its parameter by looking at the full-dose image, which flatters it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import bm3d
import numpy as np
from skimage.restoration import denoise_bilateral, denoise_tv_chambolle

from recon.arrays import FloatArray
from recon.training.ct.metrics import rmse

ClassicalDenoiser = Callable[[FloatArray, float], FloatArray]


def total_variation(hu: FloatArray, weight: float) -> FloatArray:
    """Chambolle's total variation; ``weight`` in HU."""
    return _in_range(hu, -1024, 1500, lambda part: denoise_tv_chambolle(part, weight=weight, max_num_iter=100))


def block_matching(hu: FloatArray, sigma: float) -> FloatArray:
    """BM3D (Dabov et al. 2007) for white noise of ``sigma`` HU, in the soft-tissue range."""
    return _in_range(hu, -400, 500, lambda part: bm3d.bm3d(part, sigma))


def bilateral(hu: FloatArray, sigma: float) -> FloatArray:
    """Bilateral filter, 2 pixels in space and ``sigma`` HU in value."""
    return _in_range(
        hu, -400, 500, lambda part: denoise_bilateral(part + 400, win_size=7, sigma_color=sigma, sigma_spatial=2) - 400
    )


def _in_range(hu: FloatArray, low: float, high: float, denoise: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """Denoise what lies in a range of HU and leave what lies beyond it as it is."""
    part = np.clip(hu, low, high)
    return hu - part + np.asarray(denoise(part))


METHODS: dict[str, tuple[ClassicalDenoiser, Sequence[float]]] = {
    "total variation": (total_variation, (10, 15, 20, 30)),
    "BM3D": (block_matching, (15, 25, 35)),
    "bilateral": (bilateral, (40, 70, 110)),
}


def best_of(name: str, low: FloatArray, full: FloatArray) -> tuple[FloatArray, float]:
    """A method's image (y, x) at its best parameter, and seconds for one run."""
    method, parameters = METHODS[name]
    best: FloatArray | None = None
    seconds = 0.0
    for parameter in parameters:
        began = time.perf_counter()
        image = method(low.astype(np.float64), float(parameter))
        seconds = time.perf_counter() - began
        if best is None or rmse(image, full) < rmse(best, full):
            best = image
    assert best is not None
    return best, seconds
