"""Cases as JSON for the page: a line of the worklist, and everything that is known of one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from recon.comparison.compared import Compared
from recon.comparison.picture import slice_shown
from recon.doors.view.case import Case
from recon.doors.view.images import AFTER, CaseImages, failing_slices
from recon.reading.decisions import Decision, standing


def decided(decisions: Iterable[Decision], case: Case) -> list[dict[str, Any]]:
    """What stands of the decisions about a case; ``current`` says whether they are about this very result.

    What a reader thought of an earlier one counts as long as they have not decided about this one.
    """
    last = {one.reader: one for one in sorted(standing(decisions), key=lambda one: (_current(one, case), one.number))}
    own = sorted(last.values(), key=lambda one: one.number)
    return [{**one.to_json(), "current": _current(one, case)} for one in own]


def _current(decision: Decision, case: Case) -> bool:
    return decision.subject.report_sha256 == case.report_sha256


def line(case: Case, decisions: Iterable[Decision], fate: str = "") -> dict[str, Any]:
    """One line of the worklist; ``fate`` is what becomes of the case."""
    failed = [check for check in case.checks if check.get("outcome") != "PASS"]
    return {
        "key": case.key,
        "name": case.name,
        "task": case.task,
        "verdict": case.verdict,
        "patient": case.facts.get("PatientName", ""),
        "taken": case.taken.isoformat() if case.taken else "",
        "made": case.made.isoformat(timespec="seconds"),
        "slices": case.slices,
        "why": case.trouble or str(case.report.get("problem") or "") or "; ".join(_words(check) for check in failed),
        "decisions": decided(decisions, case),
        "fate": fate,
    }


def whole(
    case: Case, images: CaseImages, decisions: Iterable[Decision], fate: str = "", others: Iterable[Case] = ()
) -> dict[str, Any]:
    """Everything that is known of a case, and which others it might be compared with."""
    planes, display = images.planes, images.display
    return {
        **line(case, decisions, fate),
        "report": case.report,
        "facts": dict(case.facts),
        "folder": str(case.folder),
        "shape": images.shape,
        "spacing_mm": images.layout.spacing,
        "edges": images.layout.edges,
        "first": images.first,
        "planes": {name: images.titles.get(name, name) for name in planes},
        "missing": images.missing,
        "failing": failing_slices(case),
        "unit": display.unit,
        "windows": [window.__dict__ for window in display.windows],
        "difference": display.difference,
        "threshold": display.threshold,
        "widest": display.widest,
        "after": AFTER,
        "others": [_other(one) for one in others],
    }


def _other(case: Case) -> dict[str, str]:
    return {"key": case.key, "name": case.name, "taken": case.taken.isoformat() if case.taken else ""}


def comparison(found: Compared, case: Case) -> dict[str, Any]:
    """Two results held against each other; places of changes are in the grid of the earlier."""
    said = found.to_json()
    names = {name: Path(said.pop(name)).name for name in ("before", "after")}
    shown = None if found.subtracted is None else slice_shown(found.subtracted)
    return {**said, **names, "here": case.folder == found.before.path, "slice": shown}


def without_images(case: Case, problem: str, decisions: Iterable[Decision], fate: str = "") -> dict[str, Any]:
    """A case whose images can't be opened: its report all the same."""
    return {
        **line(case, decisions, fate),
        "report": case.report,
        "facts": dict(case.facts),
        "folder": str(case.folder),
        "problem": problem,
        "failing": failing_slices(case),
    }


def _words(check: Any) -> str:
    value, unit = check.get("value"), check.get("unit") or ""
    name = str(check.get("name", "")).replace("_", " ")
    return f"{name} {value:.3g} {unit}".strip() if isinstance(value, int | float) else f"{name} not measured"
