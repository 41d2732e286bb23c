"""Named checks and the verdict that they add up to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
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
    action: str,
) -> Check:
    """Compare a value with its limits.

    Parameters
    ----------
    name, value, unit, message, lower, upper
        Of the check.
    severity
        The outcome when the value is outside; one that is NaN was not measured and is REVIEW.
    action
        What a person should do where the check does not hold; it is said there only.
    """
    if value != value:  # what could not be measured is never worse, or better, than REVIEW
        return Check(name, value, lower, upper, unit, Verdict.REVIEW, f"not measured: {message}: {action}")
    inside = True
    if lower is not None:
        inside &= value >= lower
    if upper is not None:
        inside &= value <= upper
    if inside:
        return Check(name, value, lower, upper, unit, Verdict.PASS, message)
    return Check(name, value, lower, upper, unit, severity, f"{message}: {action}")


def unmeasured(name: str, *, unit: str = "", why: str, action: str) -> Check:
    """A check that could not be made: that is no PASS.

    Parameters
    ----------
    name, unit
        Of the check.
    why
        What kept it from being measured.
    action
        What a person should do.
    """
    return Check(name, float("nan"), None, None, unit, Verdict.REVIEW, f"not measured: {why}: {action}")


def verdict_of(checks: Iterable[Check]) -> Verdict:
    """The worst outcome; REVIEW when nothing was measured."""
    return max((check.outcome for check in checks), default=Verdict.REVIEW)


def complete(
    checks: Iterable[Check],
    declared: Iterable[str],
    why: str,
    action: str = "run it again; until then nobody knows",
) -> list[Check]:
    """The checks, and for each declared one that is missing among them one that was not measured.

    Parameters
    ----------
    checks
        That were measured.
    declared
        Names of those without which there is no PASS.
    why
        What kept them from being measured.
    action
        What a person should do.
    """
    found = list(checks)
    known = {check.name for check in found}
    return found + [unmeasured(name, why=why, action=action) for name in declared if name not in known]


def partly(check: Check, part: str) -> Check:
    """A check that was measured on part of a series only: that is no PASS of the whole."""
    outcome = max(check.outcome, Verdict.REVIEW)
    return replace(check, outcome=outcome, message=f"measured on {part} only; {check.message}")


def by_urgency(checks: Iterable[Check]) -> list[Check]:
    """In the order in which a person should look at them: the worst outcome and the largest excess first."""
    return sorted(checks, key=lambda check: (-check.outcome, -check.excess if check.excess == check.excess else 0.0))


def worst(checks: Iterable[Check]) -> list[Check]:
    """Of each name, the check with the worst outcome, then the largest excess; in first-seen order."""
    found: dict[str, Check] = {}
    for check in checks:
        known = found.get(check.name)
        if known is None or (check.outcome, check.excess) > (known.outcome, known.excess):
            found[check.name] = check
    return list(found.values())
