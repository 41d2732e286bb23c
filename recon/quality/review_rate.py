"""How often scans are sent to a person, by which check, and whether that check ever found a wrong one.

Who is asked to look at everything looks at nothing: a check earns its place by finding wrong images, and pays for
each honest one that it stops.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from recon.quality.verdict import Verdict

#: Of honest scans, at least so many are to pass.
WANTED = 0.9


@dataclass(frozen=True)
class Judged:
    """One scan that a service has judged.

    Attributes
    ----------
    name, task
        Of the scan.
    honest
        Whether nothing is wrong with it.
    verdict
        Of the image; None where there was none, and ``problem`` says why.
    outcomes
        Of each check that was made.
    problem
        Why the scan was refused.
    """

    name: str
    task: str
    honest: bool
    verdict: Verdict | None
    outcomes: Mapping[str, Verdict] = field(default_factory=dict)
    problem: str = ""

    @property
    def alarms(self) -> list[str]:
        """Names of the checks that do not hold."""
        return [name for name, outcome in self.outcomes.items() if outcome is not Verdict.PASS]


@dataclass(frozen=True)
class CheckRate:
    """Of one check of one task: alarms on honest scans, alone or beside others, and wrong scans that it found."""

    task: str
    check: str
    honest: int
    alarms: int
    alone: int
    wrong: int
    found: int

    @property
    def rate(self) -> float:
        """Alarms over honest scans that it was measured on; NaN where there were none."""
        return self.alarms / self.honest if self.honest else float("nan")

    @property
    def without_merit(self) -> bool:
        """Whether it stopped an honest scan and, of wrong ones that it saw, never one."""
        return self.alarms > 0 and self.wrong > 0 and self.found == 0


@dataclass(frozen=True)
class TaskRate:
    """Of one task: verdicts of its honest scans, and of its wrong ones those that passed all the same."""

    task: str
    verdicts: Mapping[str, int]
    wrong: int
    missed: int

    @property
    def honest(self) -> int:
        """How many honest scans there were."""
        return sum(self.verdicts.values())

    @property
    def passed(self) -> float:
        """Share of honest scans that pass; NaN where there were none."""
        return self.verdicts["PASS"] / self.honest if self.honest else float("nan")

    @property
    def enough(self) -> bool:
        """Whether so many pass that a REVIEW still means something."""
        return self.honest == 0 or self.passed >= WANTED


def by_task(scans: Iterable[Judged]) -> list[TaskRate]:
    """Verdicts of every task; a scan that was refused counts as such."""
    found: dict[str, list[Judged]] = {}
    for scan in scans:
        found.setdefault(scan.task, []).append(scan)
    rates = []
    for task, ours in sorted(found.items()):
        counts = Counter("refused" if scan.verdict is None else scan.verdict.name for scan in ours if scan.honest)
        wrong = [scan for scan in ours if not scan.honest]
        verdicts = {name: counts[name] for name in (*(v.name for v in Verdict), "refused")}
        rates.append(TaskRate(task, verdicts, len(wrong), sum(scan.verdict is Verdict.PASS for scan in wrong)))
    return rates


def by_check(scans: Sequence[Judged]) -> list[CheckRate]:
    """Every check of every task, the one that alarms most on honest scans first."""
    names = sorted({(scan.task, check) for scan in scans for check in scan.outcomes})
    rates = []
    for task, check in names:
        seen = [scan for scan in scans if scan.task == task and check in scan.outcomes]
        honest = [scan for scan in seen if scan.honest]
        alarmed = [scan for scan in honest if check in scan.alarms]
        wrong = [scan for scan in seen if not scan.honest]
        rates.append(
            CheckRate(
                task,
                check,
                len(honest),
                len(alarmed),
                sum(scan.alarms == [check] for scan in alarmed),
                len(wrong),
                sum(check in scan.alarms for scan in wrong),
            )
        )
    return sorted(rates, key=lambda rate: (-rate.alarms, -rate.found, rate.task, rate.check))


def to_json(scans: Sequence[Judged]) -> dict[str, Any]:
    """All of it, for machines."""
    tasks = by_task(scans)
    return {
        "wanted": WANTED,
        "tasks": [
            {
                "task": rate.task,
                "honest": rate.honest,
                "verdicts": dict(rate.verdicts),
                "passed": round(rate.passed, 4) if rate.honest else None,
                "enough": rate.enough,
                "wrong": rate.wrong,
                "wrong_passed": rate.missed,
            }
            for rate in tasks
        ],
        "checks": [
            {
                "task": rate.task,
                "check": rate.check,
                "honest": rate.honest,
                "alarms": rate.alarms,
                "alone": rate.alone,
                "rate": round(rate.rate, 4) if rate.honest else None,
                "wrong": rate.wrong,
                "found": rate.found,
                "without_merit": rate.without_merit,
            }
            for rate in by_check(scans)
        ],
        "scans": [
            {
                "name": scan.name,
                "task": scan.task,
                "honest": scan.honest,
                "verdict": scan.verdict.name if scan.verdict else None,
                "alarms": scan.alarms,
                "problem": scan.problem,
            }
            for scan in scans
        ],
    }
