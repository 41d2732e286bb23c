"""Split conformal calibration of predicted interval widths.

Angelopoulos & Bates, *A gentle introduction to conformal prediction*, arXiv:2107.07511, section 2.2;
Angelopoulos et al., *Image-to-image regression with distribution-free uncertainty quantification*,
ICML 2022.
"""

from __future__ import annotations

import math

import numpy as np

from recon.arrays import FloatArray


class TooFewSamples(ValueError):
    """What is held out does not suffice for an interval of the stated coverage, or for measuring one."""


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

    Raises
    ------
    TooFewSamples
        When no factor holds what is stated, as with fewer than 9 pixels for a coverage of 0.9.
    """
    if not 0.0 < coverage < 1.0:
        raise ValueError(f"coverage must lie between 0 and 1, not {coverage}")
    score = np.ravel(np.abs(error)) / np.maximum(np.ravel(half_width), 1e-3)
    rank = math.ceil(round((score.size + 1) * coverage, 6))  # 100 * 0.55 is a little above 55
    if rank > score.size:
        least = math.ceil(round(coverage / (1 - coverage), 6))
        raise TooFewSamples(
            f"a coverage of {coverage:g} needs {least} held-out pixels, not {score.size}; hold out more"
        )
    if np.isnan(score).any():
        raise ValueError(f"{np.count_nonzero(np.isnan(score))} of {score.size} held-out errors or widths are NaN")
    return float(np.partition(score, rank - 1)[rank - 1])


def measured_coverage(error: FloatArray, half_width: FloatArray) -> float:
    """Share of pixels whose absolute error is within the half-width.

    Raises
    ------
    TooFewSamples
        Without a pixel.
    """
    if not np.size(error):
        raise TooFewSamples("there are no pixels to measure the interval's coverage on; hold out more")
    return float(np.mean(np.abs(error) <= half_width))
