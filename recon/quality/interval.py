"""What the interval around an image is, and what it is not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from recon.quality.verdict import Check, Verdict

COVERAGE = 0.9


class IntervalKind(StrEnum):
    """Where the width of the interval comes from."""

    #: Predicted by a network and scaled until it covered what it states on scans that were held out.
    CALIBRATED = "calibrated"
    #: Noise of the measurement carried through a linear method: no coverage is claimed, no bias is in it.
    PROPAGATED_NOISE = "propagated noise"
    #: The method knows none, or the scan is outside of what the model was calibrated for.
    NONE = "none"


@dataclass(frozen=True)
class Interval:
    """What the uncertainty plane of a result means.

    Attributes
    ----------
    kind
        Of the interval.
    coverage
        Stated, 0.9 for 90 %; None where none is claimed.
    conformal_factor
        What all predicted half-widths were multiplied by; None where they were not, or not all alike.
    basis
        On what it was calibrated, or why there is none; for people.
    """

    kind: IntervalKind
    coverage: float | None = None
    conformal_factor: float | None = None
    basis: str = ""


def calibrated(factor: float, basis: str = "simulated scans of held-out anatomy") -> Interval:
    """A network's, by split conformal calibration."""
    return Interval(IntervalKind.CALIBRATED, COVERAGE, factor, basis)


def within_domain(interval: Interval, checks: Iterable[Check], domain: frozenset[str]) -> Interval:
    """The interval, or none where a check that tells the model's domain does not hold.

    Parameters
    ----------
    interval
        Of the model.
    checks
        Measured.
    domain
        Names of the checks that tell whether a scan is one that the model was calibrated for.
    """
    if interval.kind is not IntervalKind.CALIBRATED:
        return interval
    outside = [check.name for check in checks if check.name in domain and check.outcome is not Verdict.PASS]
    if not outside:
        return interval
    words = "outside of what the model was calibrated for, or not known to be inside"
    return Interval(IntervalKind.NONE, basis=f"{words}: {', '.join(outside)}")
