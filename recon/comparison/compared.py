"""Two results held against each other: whether they may be, and what has changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from recon.comparison.change import SMALLEST_MM, Changes, changes
from recon.comparison.register import UNSURE_PX, registered
from recon.comparison.result import Images, Result
from recon.quality.comparability import Comparison, compare
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
        (slice, y, x) the later image, moved onto it.
    moved_mm
        By how much.
    changes
        Beyond the joint interval.
    """

    before: Images
    after: FloatImage
    moved_mm: float
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
    comparison = _of_one(before, after, compare(before.record, after.record, {} if made is None else made.needed))
    if not comparison.comparable:
        return Compared(before, after, comparison, None)
    one, other = before.images(), after.images()
    moved, width, shift = registered(one.image, other.image, other.width)
    column_mm, row_mm, slice_mm = one.image.geometry.spacing
    unsure = UNSURE_PX if shift else 0.0
    found = changes(one.image.values, moved, (one.width, width), (slice_mm, row_mm, column_mm), unsure)
    return Compared(before, after, comparison, Subtracted(one, moved, shift, found))


def _of_one(before: Result, after: Result, comparison: Comparison) -> Comparison:
    """Also whether both are of one patient, which records do not say; IDs are not repeated."""
    if before.patient and after.patient:
        other = ["patient: two different Patient IDs"] if before.patient != after.patient else []
        return Comparison([*other, *comparison.differences], comparison.unknown)
    if before.patient or after.patient:
        which = "second" if before.patient else "first"
        return Comparison(comparison.differences, [*comparison.unknown, f"patient: not known of the {which}"])
    return comparison


def _said(found: Subtracted) -> dict[str, Any]:
    regions = [
        {"volume_mm3": round(r.volume_mm3, 2), "mean": round(r.mean, 5), "centre": list(r.centre)}
        for r in found.changes.regions
    ]
    return {
        "moved_mm": round(found.moved_mm, 3),
        "smallest_mm": SMALLEST_MM,
        "volume_mm3": round(sum(region.volume_mm3 for region in found.changes.regions), 2),
        "regions": regions,
    }
