"""Limits of checks that readers' decisions speak for; proposed with what they would change, never set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from recon.reading.decisions import Choice, Decision, standing

_MOST_FALSE_ALARMS = 0.10
_FEWEST_ACCEPTED, _FEWEST_REJECTED = 20, 5
#: Task, check, unit, side.
_Side: TypeAlias = tuple[str, str, str, str]


@dataclass(frozen=True)
class Proposal:
    """One side of one check.

    Attributes
    ----------
    task, check, unit
        Which check.
    side
        ``upper`` or ``lower``.
    now, proposed
        Limits; None where none is proposed.
    accepted, rejected
        Results that all their readers accepted, or rejected.
    alarms_now, alarms_then
        Accepted results that are, or would be, outside.
    found_now, found_then
        The same of rejected ones.
    area
        Chance that a rejected result lies further out than an accepted one, with its 95 % interval (Hanley and
        McNeil, Radiology 143:29, 1982).
    words
        Why there is a proposal, or why not.
    """

    task: str
    check: str
    unit: str
    side: str
    now: float
    proposed: float | None
    accepted: int
    rejected: int
    alarms_now: int
    alarms_then: int | None
    found_now: int
    found_then: int | None
    area: tuple[float, float, float] | None
    words: str


def propose(reports: Mapping[tuple[str, str], Mapping[str, Any]], decisions: Iterable[Decision]) -> list[Proposal]:
    """A line for every limit of every check of the results that were decided.

    Parameters
    ----------
    reports
        Content of ``report.json`` by name of the result and SHA-256 of that file.
    decisions
        Of readers; those about an earlier report, and results that readers differ on, are left out.
    """
    opinions: dict[tuple[str, str], set[Choice]] = {}
    for decision in standing(decisions):
        subject = decision.subject.result, decision.subject.report_sha256
        if subject in reports:
            opinions.setdefault(subject, set()).add(decision.choice)
    limits: dict[_Side, float] = {}
    accepted: dict[_Side, list[float]] = {}
    rejected: dict[_Side, list[float]] = {}
    for subject, choices in opinions.items():
        if choices not in ({Choice.ACCEPT}, {Choice.REJECT}):
            continue
        report = reports[subject]
        for check in report.get("checks") or []:
            value = check.get("value")
            if not isinstance(value, int | float):
                continue
            for side in ("upper", "lower"):
                limit = check.get(f"{side}_limit")
                if isinstance(limit, int | float):
                    of = (str(report.get("task")), str(check.get("name")), str(check.get("unit") or ""), side)
                    limits.setdefault(of, float(limit))
                    (accepted if choices == {Choice.ACCEPT} else rejected).setdefault(of, []).append(float(value))
    return [_proposal(of, now, accepted.get(of, []), rejected.get(of, [])) for of, now in sorted(limits.items())]


def _proposal(of: _Side, now: float, good: list[float], bad: list[float]) -> Proposal:
    outward = 1.0 if of[3] == "upper" else -1.0
    accepted, rejected = outward * np.asarray(good, float), outward * np.asarray(bad, float)
    limit = outward * now
    alarms, found = int((accepted > limit).sum()), int((rejected > limit).sum())

    def said(words: str, proposed: float | None = None) -> Proposal:
        then = None if proposed is None else outward * proposed
        return Proposal(
            *of,
            now,
            proposed,
            len(good),
            len(bad),
            alarms,
            None if then is None else int((accepted > then).sum()),
            found,
            None if then is None else int((rejected > then).sum()),
            area,
            words,
        )

    area = _area(accepted, rejected) if len(good) and len(bad) else None
    if len(good) < _FEWEST_ACCEPTED or len(bad) < _FEWEST_REJECTED:
        return said(f"too few: {_FEWEST_ACCEPTED} accepted and {_FEWEST_REJECTED} rejected results are needed")
    assert area is not None
    if area[1] <= 0.5:
        return said("does not tell rejected results from accepted ones, so no limit of it would help")
    # the tightest limit that leaves nine of ten accepted results inside
    inside = np.sort(accepted)[len(good) - 1 - int(_MOST_FALSE_ALARMS * len(good))]
    words = f"the tightest limit that leaves {1 - _MOST_FALSE_ALARMS:.0%} of the accepted results inside"
    return said(words, float(outward * inside))


def _area(accepted: npt.NDArray[np.float64], rejected: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    further = (rejected[:, None] > accepted[None, :]).mean() + 0.5 * (rejected[:, None] == accepted[None, :]).mean()
    area, n, m = float(further), len(rejected), len(accepted)
    one, two = area / (2 - area), 2 * area * area / (1 + area)
    variance = area * (1 - area) + (n - 1) * (one - area * area) + (m - 1) * (two - area * area)
    width = 1.96 * float(np.sqrt(max(variance, 0.0) / (n * m)))
    return area, max(0.0, area - width), min(1.0, area + width)
