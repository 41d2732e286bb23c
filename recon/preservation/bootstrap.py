"""How sure a figure is: drawn again with what belongs together, images or patients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from recon.arrays import FloatArray, IntegerArray

_DRAWS = 300
#: Fewer groups tell nothing of how groups differ: then values are drawn one by one.
_FEWEST_GROUPS = 4


def interval(
    values: FloatArray,
    groups: IntegerArray,
    statistic: Callable[[FloatArray], float] = lambda drawn: float(np.median(drawn)),
    seed: int = 0,
) -> tuple[float, float]:
    """2.5th and 97.5th percentile of a statistic by bootstrap over groups; NaN where there are none.

    Parameters
    ----------
    values
        (n, ...) drawn by their first axis.
    groups
        (n,) what is drawn together, where there are four groups or more.
    statistic
        Of the values drawn.
    seed
        Of the draws.
    """
    if not len(values):
        return float("nan"), float("nan")
    if len(np.unique(groups)) < _FEWEST_GROUPS:
        groups = np.arange(len(values))
    rng, names = np.random.default_rng(seed), np.unique(groups)
    rows = {name: np.flatnonzero(groups == name) for name in names}
    found = [
        statistic(values[np.concatenate([rows[name] for name in rng.choice(names, len(names))])]) for _ in range(_DRAWS)
    ]
    low, high = np.nanpercentile(found, (2.5, 97.5))
    return float(low), float(high)
