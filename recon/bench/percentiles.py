"""Percentiles with the samples that they need.

As many samples as MLPerf's early stopping asks for (Reddi et al., MLPerf Inference Benchmark, ISCA 2020;
inference policies, "early stopping"): with 99 % confidence the true percentile lies at or below the second
largest of 64 samples for the 90th, of 662 for the 99th. Below that there is at most a bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil, log

import numpy as np
from scipy.stats import binom

CONFIDENCE = 0.99


@dataclass(frozen=True)
class Percentile:
    """A percentile of a sample, or what little can be said.

    Attributes
    ----------
    value
        The percentile; None when there are too few samples.
    bound
        With 99 % confidence the true percentile is not above this; None when not even that can be said.
    samples, needed
        How many there are, and from how many on there is a value.
    """

    value: float | None
    bound: float | None
    samples: int
    needed: int

    def __str__(self) -> str:
        if self.value is not None:
            return f"{self.value:.1f}"
        return "n/a" if self.bound is None else f"≤{self.bound:.1f}"


@cache
def samples_needed(quantile: float, over: int = 1) -> int:
    """Fewest samples for which ``over`` + 1 of them above the percentile are all but certain."""
    count = over + 1
    while binom.cdf(over, count, 1 - quantile) > 1 - CONFIDENCE:
        count += 1
    return count


def percentile(samples: Sequence[float], quantile: float) -> Percentile:
    """The percentile of latencies, with the bound that the number of samples allows.

    Parameters
    ----------
    samples
        Of any unit.
    quantile
        Between 0 and 1.
    """
    count, needed = len(samples), samples_needed(quantile)
    if count == 0:
        return Percentile(None, None, 0, needed)
    ordered = np.sort(np.asarray(samples, float))
    value = float(ordered[min(count - 1, int(count * quantile))]) if count >= needed else None
    bound = None
    if count >= ceil(log(1 - CONFIDENCE) / log(quantile)):
        over = int(binom.ppf(1 - CONFIDENCE, count, 1 - quantile))
        while over >= 0 and binom.cdf(over, count, 1 - quantile) > 1 - CONFIDENCE:
            over -= 1
        bound = float(ordered[count - 1 - over]) if over >= 0 else None
    return Percentile(value, bound, count, needed)
