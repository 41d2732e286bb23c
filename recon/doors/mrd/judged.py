"""What a series as a whole shows, brought to each of its slices: an image goes back with all that is known of it."""

from __future__ import annotations

from dataclasses import replace

from recon.client.resume import Run
from recon.errors import InternalError
from recon.quality.verdict import Verdict, worst
from recon.values.result import ImageSlice, ModelIdentity


def judged(run: Run) -> tuple[list[ImageSlice], ModelIdentity | None]:
    """The slices of a series when the last is there, and what made them, with the interval that holds in the end.

    A slice keeps its own checks, and has those of the series that are worse than any slice's, or that no slice has.

    Raises
    ------
    ReconError
        When the series fails, or nobody has judged it.
    """
    results = list(run)
    if run.report is None:
        raise InternalError("the service has sent images and not said whether they can be used")
    of_slices = {check.name: check.outcome for check in worst(c for result in results for c in result.checks)}
    further = [
        check for check in run.report.checks if check.name not in of_slices or check.outcome > of_slices[check.name]
    ]
    least = max((check.outcome for check in further), default=Verdict.PASS)
    if run.report.verdict > max([least, *(result.verdict for result in results)]):
        least = run.report.verdict
    model = None if run.model is None else replace(run.model, interval=run.report.interval)
    return [
        replace(result, verdict=max(result.verdict, least), checks=[*result.checks, *further]) for result in results
    ], model
