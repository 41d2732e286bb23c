"""Split conformal calibration of predicted interval widths.

Angelopoulos & Bates, *A gentle introduction to conformal prediction*, arXiv:2107.07511, section 2.2;
Angelopoulos et al., *Image-to-image regression with distribution-free uncertainty quantification*,
ICML 2022.
"""

from __future__ import annotations

import math

import numpy as np

from recon.arrays import FloatArray


def conformal_factor(error: FloatArray, half_width: FloatArray, coverage: float) -> float:
    """What half-widths must be multiplied by to cover the truth with the stated probability.

    Parameters
    ----------
    error
        Absolute error of the estimate on held-out pixels, any shape.
    half_width
        Predicted half-width at the same pixels.
    coverage
        Wanted coverage, between 0 and 1.
    """
    if not 0.0 < coverage < 1.0:
        raise ValueError(f"coverage must lie between 0 and 1, not {coverage}")
    score = np.ravel(np.abs(error)) / np.maximum(np.ravel(half_width), 1e-3)
    rank = min(1.0, math.ceil((score.size + 1) * coverage) / score.size)
    return float(np.quantile(score, rank, method="higher"))


def measured_coverage(error: FloatArray, half_width: FloatArray) -> float:
    """Share of pixels whose absolute error is within the half-width."""
    return float(np.mean(np.abs(error) <= half_width))
