"""What is asked of each measure, and what an outcome is called."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

_WORSE = ("pass", "so-so", "FAIL", "not measured")


@dataclass(frozen=True)
class Limit:
    """Where a measure passes and where it fails; between them it is ``so-so``.

    Attributes
    ----------
    passes, fails
        Bounds; the larger is better where ``passes`` exceeds ``fails``.
    """

    passes: float
    fails: float

    def outcome(self, value: float) -> str:
        """``pass``, ``so-so`` or ``FAIL``; ``not measured`` for NaN."""
        if math.isnan(value):
            return "not measured"
        sign = 1 if self.passes > self.fails else -1
        if sign * value >= sign * self.passes:
            return "pass"
        return "FAIL" if sign * value < sign * self.fails else "so-so"


#: TTF50 over the input's, at 50 HU.
SHARPNESS = Limit(0.90, 0.75)
#: Of the smallest lesion that is found at full dose (AUC of 0.9 and more).
KEPT = Limit(0.8, 0.6)
#: Lower end of the 95 % interval of detectability over that of the unprocessed scan.
DETECTED = {"anatomy": Limit(0.90, 0.80), "phantom": Limit(0.95, 0.85)}
#: lp/cm that the average frequency of the noise moves.
COARSER = Limit(0.2, 0.5)
#: HU of bias in soft tissue.
BIAS = Limit(2.0, 4.0)
TEXTURE = Limit(0.90, 0.75)
#: Coverage inside of lesions, and how far below that of the same pixels without.
COVERED = Limit(0.80, 0.60)
COVERED_LESS = Limit(0.10, 0.25)
#: Of MR plaques of 3 px and 40 %.
LOST = Limit(0.05, 0.20)
FALSE = Limit(0.01, 0.05)
#: AUC of two points against one, where full sampling tells them apart.
RESOLVED = Limit(0.90, 0.75)
#: Percent of the brain fraction: against full sampling, and the standard deviation over ten slices.
FRACTION_BIAS = Limit(0.3, 0.6)
FRACTION_REPEAT = Limit(0.1, 0.2)
#: A slice, in the difference of two dates.
FALSE_CHANGES = Limit(1.0, 5.0)


def judged(value: float, limit: Limit, words: str, **more: Any) -> dict[str, Any]:
    """A measure with its limit and outcome, for ``preservation.json``."""
    return {
        "words": words,
        "value": rounded(value),
        "passes": limit.passes,
        "fails": limit.fails,
        "outcome": limit.outcome(value),
        **more,
    }


def covered(inside: float, without: float, says: bool, what: str, half_width: float, **more: Any) -> dict[str, Any]:
    """Coverage inside lesions, judged by the worse of itself and of how far it lies below that without them.

    Parameters
    ----------
    inside, without
        Coverage of the inner pixels of lesions, and of the same pixels where there is none.
    says
        Whether the half-width is below the contrast.
    what
        The lesion.
    half_width
        Mean inside.
    """
    told_by = "something" if says else "nothing"
    words = f"coverage inside a {what}; of the same pixels without it {without:.2f}; says {told_by}"
    less = COVERED_LESS.outcome(without - inside)
    entry = judged(inside, COVERED, words, without=round(without, 3), half_width=half_width, less=less, **more)
    return {**entry, "outcome": max(entry["outcome"], less, key=_WORSE.index), "says": told_by}


def told(value: float, words: str, **more: Any) -> dict[str, Any]:
    """A measure that nothing is asked of: its outcome is ``no limit``."""
    outcome = "not measured" if math.isnan(value) else "no limit"
    return {"words": words, "value": rounded(value), "passes": None, "fails": None, "outcome": outcome, **more}


def uncovered(what: str) -> dict[str, Any]:
    """Coverage inside a lesion that was put nowhere, or where there is no interval."""
    return judged(float("nan"), COVERED, f"coverage inside a {what}: none was put in, or there is no interval")


def rounded(value: float, digits: int = 4) -> float | None:
    """Rounded for ``preservation.json``, which knows no NaN; None for what was not measured."""
    return round(float(value), digits) if math.isfinite(value) else None


def bounds(low: float, high: float, digits: int = 3) -> list[float] | None:
    """Both ends of an interval likewise; None where one of them was not measured."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return None
    return [round(float(low), digits), round(float(high), digits)]
