"""Two results held against each other: whether they may be, and what has changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from recon.comparison.change import SMALLEST_MM, Changes, changes
from recon.comparison.likeness import Likeness
from recon.comparison.place import placed
from recon.comparison.register import UNSURE_PX, registered
from recon.comparison.result import Images, Result
from recon.quality.comparability import Comparison, compare
from recon.quality.verdict import Verdict
from recon.tasks.registry import tasks
from recon.volumes import FloatImage


@dataclass(frozen=True)
class Subtracted:
    """What has changed.

    Attributes
    ----------
    before
        The earlier images, in whose grid all is.
    after
        (slice, y, x) the later image, moved onto it and divided by its gain; NaN where it shows nothing.
    moved_mm
        By how much.
    like
        How well they lie on each other, how much the later one shows, and that gain.
    changes
        Beyond the joint interval.
    """

    before: Images
    after: FloatImage
    moved_mm: float
    like: Likeness
    changes: Changes


@dataclass(frozen=True)
class Compared:
    """Both.

    Attributes
    ----------
    before, after
        The results.
    comparison
        Whether they may be compared.
    subtracted
        None where they may not: nothing is called a change then.
    """

    before: Result
    after: Result
    comparison: Comparison
    subtracted: Subtracted | None

    def to_json(self) -> dict[str, Any]:
        """For ``comparison.json``."""
        return {
            "software": "recon",
            "before": str(self.before.path),
            "after": str(self.after.path),
            "comparable": self.comparison.comparable,
            "differences": self.comparison.differences,
            "unknown": self.comparison.unknown,
            "verdicts": [self.before.verdict or None, self.after.verdict or None],
            "changes": None if self.subtracted is None else _said(self.subtracted),
        }


def compared(before: Result, after: Result) -> Compared:
    """Register, subtract, and mark what is beyond both intervals, unless the results may not be compared.

    Raises
    ------
    UnreadableInput
        When images are missing or damaged.
    MissingExtra
        Where nothing can register them.
    """
    made = tasks().get(str(before.record.get("task")))
    comparison = _results(before, after, compare(before.record, after.record, {} if made is None else made.needed))
    if not comparison.comparable:
        return Compared(before, after, comparison, None)
    one, other = before.images(), after.images()
    laid = registered(one.image, other.image, (one.width, other.width))
    place = placed(laid, one.image.unit)
    comparison = Comparison(place.differences, [*comparison.unknown, *place.unknown])
    if not comparison.comparable:
        return Compared(before, after, comparison, None)
    gain = np.float32(laid.like.gain or 1.0)
    moved, width = laid.image / gain, laid.width / gain
    column_mm, row_mm, slice_mm = one.image.geometry.spacing
    unsure = UNSURE_PX if laid.moved_mm else 0.0
    found = changes(one.image.values, moved, (one.width, width), (slice_mm, row_mm, column_mm), unsure)
    return Compared(before, after, comparison, Subtracted(one, moved, laid.moved_mm, laid.like, found))


def _results(before: Result, after: Result, comparison: Comparison) -> Comparison:
    """Also whether both are of one patient and may be used, which records do not say; IDs are not repeated."""
    differences, unknown = list(comparison.differences), list(comparison.unknown)
    if before.patient and after.patient:
        if before.patient != after.patient:
            differences.insert(0, "patient: two different Patient IDs")
    elif before.patient or after.patient:
        unknown.append(f"patient: not known of the {'second' if before.patient else 'first'}")
    for which, result in (("first", before), ("second", after)):
        if result.verdict == Verdict.REJECT.name:
            differences.append(f"verdict: the {which} is rejected; see why in its report")
        elif not result.verdict:
            unknown.append(f"verdict: not known of the {which}")
        elif result.verdict != Verdict.PASS.name:
            unknown.append(f"verdict: the {which} is {result.verdict}; look at it before its changes are believed")
    return Comparison(differences, unknown)


def _said(found: Subtracted) -> dict[str, Any]:
    regions = [
        {"volume_mm3": round(r.volume_mm3, 2), "mean": round(r.mean, 5), "centre": list(r.centre)}
        for r in found.changes.regions
    ]
    return {
        "moved_mm": round(found.moved_mm, 3),
        "covered": round(found.like.covered, 4),
        "correlation": None if found.like.alike is None else round(found.like.alike, 4),
        "gain": None if found.like.gain is None else round(found.like.gain, 4),
        "smallest_mm": SMALLEST_MM,
        "volume_mm3": round(sum(region.volume_mm3 for region in found.changes.regions), 2),
        "regions": regions,
    }
