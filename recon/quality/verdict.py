"""Named checks and the verdict that they add up to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Verdict(IntEnum):
    """Whether an image may be used; the larger, the worse."""

    PASS = 1
    REVIEW = 2
    REJECT = 3


@dataclass(frozen=True)
class Check:
    """One thing that was measured, and whether it is where it should be.

    Attributes
    ----------
    name
        Stable name.
    value
        What was measured.
    lower, upper
        Limits in which the check holds; None is open.
    unit
        Of value and limits.
    outcome
        PASS in range, otherwise how bad it is.
    message
        One sentence for a person.
    """

    name: str
    value: float
    lower: float | None
    upper: float | None
    unit: str
    outcome: Verdict
    message: str

    @property
    def excess(self) -> float:
        """How far the value is beyond its limits, relative to them; negative inside."""
        above = (self.value - self.upper) / (abs(self.upper) or 1.0) if self.upper is not None else -1.0
        below = (self.lower - self.value) / (abs(self.lower) or 1.0) if self.lower is not None else -1.0
        return max(above, below)


def measure(
    name: str,
    value: float,
    *,
    unit: str,
    message: str,
    lower: float | None = None,
    upper: float | None = None,
    severity: Verdict = Verdict.REVIEW,
) -> Check:
    """Compare a value with its limits; ``severity`` is the outcome when it is outside (or NaN)."""
    inside = value == value
    if lower is not None:
        inside &= value >= lower
    if upper is not None:
        inside &= value <= upper
    return Check(name, value, lower, upper, unit, Verdict.PASS if inside else severity, message)


def unmeasured(name: str, *, unit: str, why: str) -> Check:
    """A check that could not be made: that is no PASS."""
    return Check(name, float("nan"), None, None, unit, Verdict.REVIEW, f"not measured: {why}")


def verdict_of(checks: Iterable[Check]) -> Verdict:
    """The worst outcome; PASS when there are no checks."""
    return max((check.outcome for check in checks), default=Verdict.PASS)


def worst(checks: Iterable[Check]) -> list[Check]:
    """Of each name, the check with the worst outcome, then the largest excess; in first-seen order."""
    found: dict[str, Check] = {}
    for check in checks:
        known = found.get(check.name)
        if known is None or (check.outcome, check.excess) > (known.outcome, known.excess):
            found[check.name] = check
    return list(found.values())
