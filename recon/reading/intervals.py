"""Figures from few readers and few cases, never without an interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

_LEVEL = 0.95
_RESAMPLES = 2000


@dataclass(frozen=True)
class Figure:
    """A figure and its 95 % interval; None where there is too little to know it."""

    value: float
    low: float | None
    high: float | None

    def to_json(self) -> dict[str, float | None]:
        """As JSON."""
        return {"value": self.value, "low": self.low, "high": self.high}


def share(count: int, total: int) -> Figure | None:
    """A share with Wilson's interval (Wilson, JASA 22:209, 1927); None of nothing."""
    if not total:
        return None
    from scipy.stats import binomtest  # takes longer to load than all else that a command needs

    found = binomtest(count, total).proportion_ci(_LEVEL, method="wilson")
    return Figure(count / total, float(found.low), float(found.high))


def resampled(groups: Sequence[Sequence[float]], statistic: Callable[[npt.NDArray[np.float64]], Any]) -> Figure | None:
    """A figure with its bootstrap interval over groups, since several readings of one case are no several cases.

    Parameters
    ----------
    groups
        Values of each case.
    statistic
        Of all values together.
    """
    filled = [np.asarray(group, float) for group in groups if len(group)]
    if not filled:
        return None
    value = float(statistic(np.concatenate(filled)))
    if len(filled) < 3:
        return Figure(value, None, None)
    random = np.random.default_rng(0)
    picks = random.integers(0, len(filled), (_RESAMPLES, len(filled)))
    drawn = [float(statistic(np.concatenate([filled[place] for place in pick]))) for pick in picks]
    low, high = np.nanpercentile(drawn, [100 * (1 - _LEVEL) / 2, 100 * (1 + _LEVEL) / 2])
    return Figure(value, float(low), float(high))
