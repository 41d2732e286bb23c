"""What a site learns from decisions and reports, as JSON for the page: agreement, proposed limits, drift."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from recon.doors.view.case import Case
from recon.reading.agreement import between_readers, with_verdict
from recon.reading.decisions import Decision, standing
from recon.reading.drift import WatchedValue, chart, months
from recon.reading.limits import propose


def agreement(decisions: Iterable[Decision]) -> dict[str, Any]:
    """Decisions by verdict, and readers by pairs; of what stands."""
    now = standing(decisions)
    return {
        "verdicts": [row.to_json() for row in with_verdict(now)],
        "readers": [pair.to_json() for pair in between_readers(now)],
        "decisions": len(now),
    }


def limits(cases: Iterable[Case], decisions: Iterable[Decision]) -> dict[str, Any]:
    """Proposed limits with what they would change."""
    reports = {(case.name, case.report_sha256): case.report for case in cases}
    return {"proposals": [proposal.__dict__ for proposal in propose(reports, decisions)]}


def drift(cases: Iterable[Case]) -> dict[str, Any]:
    """Charts and months by task, scanner and protocol."""
    groups: dict[tuple[str, str, str], list[Case]] = {}
    for case in cases:
        if case.task:
            groups.setdefault((case.task, case.scanner, case.protocol), []).append(case)
    return {
        "groups": [
            {
                "task": task,
                "scanner": scanner,
                "protocol": protocol,
                "results": len(members),
                "months": [
                    {"name": month.name, "counts": month.counts, "passed": month.passed and month.passed.to_json()}
                    for month in months((_day(case), case.verdict) for case in members)
                ],
                "charts": _charts(members),
            }
            for (task, scanner, protocol), members in sorted(groups.items())
        ]
    }


def _charts(cases: Iterable[Case]) -> list[dict[str, Any]]:
    values: dict[tuple[str, str], list[WatchedValue]] = {}
    for case in cases:
        for check in case.checks:
            if isinstance(check.get("value"), int | float):
                of = (str(check.get("name", "")).replace("_", " "), str(check.get("unit") or ""))
                values.setdefault(of, []).append(WatchedValue(_day(case), float(check["value"]), case.name))
        spent = _milliseconds(case.report)
        if spent is not None and case.slices:
            took = WatchedValue(_day(case), spent / case.slices, case.name)
            values.setdefault(("time a slice", "ms"), []).append(took)
    found = []
    for (name, unit), observations in values.items():
        made = chart(observations)
        found.append(
            {
                "name": name,
                "unit": unit,
                "centre": made.centre,
                "lower": made.lower,
                "upper": made.upper,
                "points": [
                    {
                        "day": one.day.isoformat(),
                        "value": one.value,
                        "result": one.result,
                        "signal": made.signals.get(place),
                    }
                    for place, one in enumerate(made.observations)
                ],
            }
        )
    return found


def _day(case: Case) -> date:
    return case.taken or case.made.date()


def _milliseconds(report: Mapping[str, Any]) -> float | None:
    timings = report.get("timings_ms")
    total = timings.get("total") if isinstance(timings, dict) else None
    return float(total) if isinstance(total, int | float) else None
