"""``report.json``: what was done to an input, and whether the result may be used."""

from __future__ import annotations

import math
from typing import Any

from recon.quality.interval import Interval
from recon.quality.survival import Survival
from recon.quality.verdict import Check, Verdict

SCHEMA_VERSION = 1
#: By which a result folder of ours is known.
SOFTWARE = "recon"


def check_to_json(check: Check) -> dict[str, Any]:
    """A check as JSON; values that are not finite become null."""
    return {
        "name": check.name,
        "value": round(check.value, 6) if math.isfinite(check.value) else None,
        "lower_limit": check.lower,
        "upper_limit": check.upper,
        "unit": check.unit,
        "outcome": check.outcome.name,
        "message": check.message,
    }


def interval_to_json(interval: Interval) -> dict[str, Any]:
    """What the uncertainty means, as JSON."""
    return {
        "kind": str(interval.kind),
        "coverage": interval.coverage,
        "conformal_factor": interval.conformal_factor,
        "basis": interval.basis,
    }


def build_report(
    *,
    task: str,
    source: str,
    verdict: Verdict,
    checks: list[Check],
    model: dict[str, Any],
    interval: dict[str, Any],
    parameters: dict[str, Any],
    timings_ms: dict[str, float],
    slices_total: int,
    slices_missing: list[int],
    slices_failing: dict[str, list[int]],
    notes: list[str],
    skipped: list[dict[str, str]],
    probes: list[Survival],
    comparability: dict[str, Any],
    problem: str | None = None,
    problem_reason: str | None = None,
    damaged: bool = False,
) -> dict[str, Any]:
    """The report of one input.

    Parameters
    ----------
    task, source
        What was done to which input.
    verdict, checks
        Of the whole input.
    model
        Name, version, SHA-256 and software version; the tuning where there is one.
    interval
        Of :func:`interval_to_json`.
    parameters
        What the caller chose.
    timings_ms
        Of the service.
    slices_total, slices_missing
        How many slices there are, and which have no result.
    slices_failing
        Of each check that is made on every slice, the slices in which it does not hold.
    notes, skipped
        What a person should know, and which files were left out why.
    probes
        What became of known lesions; null in the report where none were measured.
    comparability
        Of :func:`recon.quality.comparability.record`.
    problem, problem_reason
        Why slices are missing, for people and as the stable reason of the error.
    damaged
        Whether part of the input could not be read.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "software": SOFTWARE,
        "task": task,
        "input": source,
        "status": "incomplete" if slices_missing else "complete",
        "verdict": verdict.name,
        "checks": [check_to_json(check) for check in checks],
        "model": model,
        "interval": interval,
        "parameters": parameters,
        "comparability": comparability,
        "probes": [probe.to_json() for probe in probes] or None,
        "timings_ms": {name: round(value, 3) for name, value in timings_ms.items()},
        "slices": {"total": slices_total, "missing": slices_missing, "failing": slices_failing},
        "problem": problem,
        "problem_reason": problem_reason,
        "input_damaged": damaged,
        "notes": notes,
        "skipped": skipped,
        "disclaimer": "Not a medical device; for research use.",
    }
