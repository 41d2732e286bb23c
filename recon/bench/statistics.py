"""Whether two sets of blocks differ, by how much, and how small a difference they could have shown.

Requests that follow each other share the state of the machine, so a test over requests takes noise for an
effect; the unit here is the block. Wilcoxon's tests with the intervals of Hodges and Lehmann (Ann. Math.
Stat. 34:598, 1963) that belong to them, on logarithms, so that effects are ratios.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import exp, sqrt

import numpy as np
from scipy.stats import mannwhitneyu, norm, t, wilcoxon

from recon.arrays import DoubleArray

LEVEL = 0.05
POWER = 0.8
#: Blocks below which no test can reject at 5 %.
FEWEST_BLOCKS = 6


@dataclass(frozen=True)
class Effect:
    """B over A.

    Attributes
    ----------
    ratio, low, high
        Estimate and 95 % interval.
    p_value
        Of no effect.
    smallest
        Smallest ratio above 1 that so many blocks of this spread show four times out of five.
    blocks
        Of A and of B.
    """

    ratio: float
    low: float
    high: float
    p_value: float
    smallest: float
    blocks: tuple[int, int]


def paired(a: Sequence[float], b: Sequence[float]) -> Effect:
    """Effect of blocks that were measured side by side (signed ranks).

    Raises
    ------
    ValueError
        With fewer than six blocks.
    """
    difference = np.log(np.asarray(b, float)) - np.log(np.asarray(a, float))
    count = len(difference)
    _enough(count)
    rows, columns = np.triu_indices(count)
    walsh = np.sort((difference[rows] + difference[columns]) / 2)
    cut = signed_rank_cut(count)
    p_value = 1.0 if np.allclose(difference, 0) else float(wilcoxon(difference).pvalue)
    return Effect(
        exp(float(np.median(walsh))),
        exp(walsh[cut]),
        exp(walsh[len(walsh) - 1 - cut]),
        p_value,
        _smallest(_spread(difference) / sqrt(count), count - 1),
        (count, count),
    )


def unpaired(a: Sequence[float], b: Sequence[float]) -> Effect:
    """Effect between blocks of two runs (rank sums).

    Raises
    ------
    ValueError
        With fewer than six blocks in either.
    """
    first, second = np.log(np.asarray(a, float)), np.log(np.asarray(b, float))
    _enough(min(len(first), len(second)))
    shifts = np.sort((second[:, None] - first).ravel())
    pairs = len(shifts)
    half_width = float(norm.ppf(1 - LEVEL / 2)) * sqrt(pairs * (len(first) + len(second) + 1) / 12)
    cut = max(0, int(pairs / 2 - half_width))
    p_value = float(mannwhitneyu(first, second, alternative="two-sided").pvalue)
    error = sqrt(_spread(first) ** 2 / len(first) + _spread(second) ** 2 / len(second))
    return Effect(
        exp(float(np.median(shifts))),
        exp(shifts[cut]),
        exp(shifts[pairs - 1 - cut]),
        p_value,
        _smallest(error, len(first) + len(second) - 2),
        (len(first), len(second)),
    )


def holm(p_values: Sequence[float], level: float = LEVEL) -> list[bool]:
    """Which of several tests reject when all of them together may raise one false alarm in twenty (Holm 1979)."""
    rejected = [False] * len(p_values)
    for rank, index in enumerate(np.argsort(p_values)):
        if p_values[index] > level / (len(p_values) - rank):
            break
        rejected[index] = True
    return rejected


@cache
def signed_rank_cut(count: int, level: float = LEVEL) -> int:
    """How many Walsh averages lie outside the interval on each side; exact distribution of the signed rank."""
    ways = np.zeros(count * (count + 1) // 2 + 1)
    ways[0] = 1
    for rank in range(1, count + 1):
        ways[rank:] += ways[:-rank].copy()
    below = np.cumsum(ways / 2.0**count)
    return max(0, int(np.searchsorted(below, level / 2, "right")) - 1)


def _enough(count: int) -> None:
    if count < FEWEST_BLOCKS:
        raise ValueError(f"{count} blocks can't show anything; at least {FEWEST_BLOCKS} are needed")


def _spread(values: DoubleArray) -> float:
    """Standard deviation, from the quartiles where there are outliers; the larger of both."""
    low, high = np.percentile(values, (25, 75))
    return max(float(np.std(values, ddof=1)), float(high - low) / 1.349)


def _smallest(standard_error: float, freedom: int) -> float:
    # Wilcoxon's tests need pi/3 times the samples of a t-test on normal data
    reach = float(t.ppf(1 - LEVEL / 2, freedom) + t.ppf(POWER, freedom)) * sqrt(np.pi / 3)
    return exp(reach * standard_error)
