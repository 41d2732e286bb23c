"""Runs one job: its input through the service into files, and a report of what happened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from recon.client import Calls, ImageSlice, Run
from recon.errors import ReconError, UnreadableInput, reason_of
from recon.io.output_folder import write_json
from recon.quality.comparability import record
from recon.quality.interval import Interval, IntervalKind
from recon.quality.report import build_report, interval_to_json
from recon.quality.survival import weakest
from recon.quality.verdict import Verdict, by_urgency, complete, measure, verdict_of, worst
from recon.tasks.job import Job, Sink
from recon.tasks.options import Options

#: Called after each slice with how many are done and how many there are.
OnSlice = Callable[[int, int], None]


def perform(
    client: Calls, job: Job, folder: Path, options: Options, on_slice: OnSlice = lambda done, total: None
) -> dict[str, Any]:
    """Process a job into ``folder``, which exists and is empty.

    When the service fails after some slices, those are kept and the report says which are missing.

    Returns
    -------
    dict
        The content of ``report.json``, which has been written.

    Raises
    ------
    ReconError
        When there is no slice at all.
    """
    loaded = job.load()
    on_slice(0, loaded.slices)
    options = loaded.chosen(options)
    run = client.send(job.task, loaded.series(options), options.timeout_s)
    sink: Sink | None = None
    shown: ImageSlice | None = None
    failure: ReconError | None = None
    done: set[int] = set()
    failing: dict[str, list[int]] = {}
    try:
        for result in run:
            assert run.model is not None  # it is accepted before a slice comes
            if sink is None:
                options = loaded.settled(options, run.model)
                sink = loaded.sink(folder, run.model, options)
            sink.put(result)
            done.add(result.index)
            for check in result.checks:
                if check.outcome is not Verdict.PASS:
                    failing.setdefault(check.name, []).append(result.index)
            if shown is None or _shows(result, loaded.slices) > _shows(shown, loaded.slices):
                shown = result
            on_slice(len(done), loaded.slices)
    except ReconError as error:
        failure = error
    except BaseException:
        run.cancel()
        raise
    if sink is None or shown is None:
        raise failure or UnreadableInput("the service returned no slice")
    sink.close()
    report = _report(
        job, run, loaded, options, sorted(set(range(loaded.slices)) - done), failing, failure, shown.image.shape
    )
    write_json(folder / "report.json", report)
    loaded.preview(shown, _title(job.name, shown, report, run), folder / "preview.png")
    return report


def _title(name: str, shown: ImageSlice, report: dict[str, Any], run: Run) -> str:
    """What stands above the preview: the slice, the verdict and why, and what known lesions keep."""
    failed = ", ".join(check["name"] for check in report["checks"] if check["outcome"] != "PASS")
    total = report["slices"]["total"]
    lines = [f"{name}, slice {shown.index + 1} of {total}: {report['verdict']}{failed and f' ({failed})'}."]
    lines[0] += " For research use."
    if run.report and (worst_kept := weakest(run.report.probes)):
        lines.append(f"Of known lesions: {worst_kept}.")
    return "\n".join(lines)


def _shows(result: ImageSlice, slices: int) -> tuple[int, int]:
    """What makes a slice the one of the preview: all pictures that there are, then being near the middle."""
    return len(result.extra), -abs(result.index - slices // 2)


def _report(
    job: Job,
    run: Run,
    loaded: Any,
    options: Options,
    missing: list[int],
    failing: dict[str, list[int]],
    failure: ReconError | None,
    sides: tuple[int, ...],
) -> dict[str, Any]:
    lost = measure(
        "slices_missing",
        float(len(missing)),
        unit="",
        upper=0.0,
        message="slices of the input without an image",
        action="run it again; the report names them",
    )
    judged = complete(run.checks, run.declared_checks, "the series was not finished")
    checks = by_urgency(worst([*judged, *loaded.checks, lost]))
    verdict = max(verdict_of(checks), run.verdict)
    made = run.model
    model: dict[str, Any] = {}
    covers = run.report.interval if run.report else Interval(IntervalKind.NONE, basis="the series was not finished")
    parameters = loaded.parameters(options)
    matrix = loaded.slices, *sides
    if made is not None:
        model = {
            "name": made.name,
            "version": made.version,
            "sha256": made.sha256,
            "software_version": made.software_version,
        }
        if made.tuning:
            model["tuning"] = made.tuning
        if made.reason:
            parameters["model_reason"] = made.reason
        if made.strength is not None:
            parameters["strength_chosen"] = made.strength.to_json()
    return build_report(
        task=job.task,
        source=job.source,
        verdict=verdict,
        checks=checks,
        model=model,
        interval=interval_to_json(covers),
        parameters=parameters,
        timings_ms=run.report.timings_ms if run.report else {},
        slices_total=loaded.slices,
        slices_missing=missing,
        slices_failing={name: sorted(places) for name, places in failing.items()},
        notes=loaded.notes,
        skipped=[{"path": item.path, "reason": item.reason} for item in loaded.skipped],
        probes=run.report.probes if run.report else [],
        comparability=record(job.task, model, matrix, loaded.comparability(options)),
        problem=failure.problem if failure else None,
        problem_reason=reason_of(failure) if failure else None,
        damaged=loaded.damaged,
    )
