"""Does a measured quantity stay where it was? Control charts by scanner and protocol, over months."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from recon.reading.intervals import Figure, share

#: Points that fix the limits; fewer tell no limits.
BASELINE, FEWEST = 20, 10
_RUN = 8
#: Mean moving range of two over the standard deviation, of normal values.
_D2 = 1.128


@dataclass(frozen=True)
class WatchedValue:
    """One value of one result.

    Attributes
    ----------
    day
        Of the scan, or of the report where the scan tells none.
    value
        What was measured.
    result
        Which result.
    """

    day: date
    value: float
    result: str


@dataclass(frozen=True)
class Chart:
    """A chart of individual values (Shewhart; Wheeler and Chambers, Understanding Statistical Process Control, 1992).

    Attributes
    ----------
    observations
        In order of day.
    centre, lower, upper
        Mean of the first values, and three standard deviations from it, by the moving range; None where there are
        too few values to know them.
    signals
        Place of each observation that a constant process would not give, and why.
    """

    observations: tuple[WatchedValue, ...]
    centre: float | None
    lower: float | None
    upper: float | None
    signals: dict[int, str]


def chart(observations: Iterable[WatchedValue]) -> Chart:
    """The chart of some values; limits are those of the first 20, so that what comes later can leave them."""
    ordered = tuple(sorted(observations, key=lambda one: (one.day, one.result)))
    values = np.array([one.value for one in ordered])
    if len(values) < FEWEST:
        return Chart(ordered, None, None, None, {})
    first = values[:BASELINE]
    centre, spread = float(first.mean()), float(np.abs(np.diff(first)).mean() / _D2)
    lower, upper = centre - 3 * spread, centre + 3 * spread
    signals = {}
    for place, value in enumerate(values):
        if value > upper or value < lower:
            signals[place] = "above the upper limit" if value > upper else "below the lower limit"
        elif place + 1 >= _RUN and _one_side(values[place + 1 - _RUN : place + 1], centre):
            signals[place] = f"{_RUN} in a row on one side"
    return Chart(ordered, centre, lower, upper, signals)


@dataclass(frozen=True)
class Month:
    """Verdicts of one month.

    Attributes
    ----------
    name
        ``YYYY-MM``.
    counts
        Results by verdict.
    passed
        Share of PASS.
    """

    name: str
    counts: dict[str, int]
    passed: Figure | None


def months(verdicts: Iterable[tuple[date, str]]) -> list[Month]:
    """Verdicts by month, in order."""
    counts: dict[str, dict[str, int]] = {}
    for day, verdict in verdicts:
        row = counts.setdefault(f"{day:%Y-%m}", {})
        row[verdict] = row.get(verdict, 0) + 1
    return [Month(name, row, share(row.get("PASS", 0), sum(row.values()))) for name, row in sorted(counts.items())]


def _one_side(values: npt.NDArray[np.float64], centre: float) -> bool:
    return bool((values > centre).all() or (values < centre).all())
