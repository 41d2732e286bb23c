"""When requests of an open loop are due."""

from __future__ import annotations

import numpy as np

from recon.arrays import DoubleArray


def poisson(rate_per_s: float, requests: int, seed: int) -> DoubleArray:
    """Moments (requests,) in s of independent callers: exponential gaps, the first one after a gap too.

    Parameters
    ----------
    rate_per_s
        Mean arrivals a second.
    requests
        How many.
    seed
        The same seed gives every route the same moments.

    Raises
    ------
    ValueError
        When the rate is not positive.
    """
    if not rate_per_s > 0:
        raise ValueError(f"an arrival rate must be positive, not {rate_per_s}")
    gaps = np.random.default_rng(seed).exponential(1 / rate_per_s, requests)
    return np.cumsum(gaps)
