"""What became of known lesions that were added to a scan's own measurement, and whether that is enough."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from recon.arrays import FloatArray
from recon.quality.verdict import Check, measure, unmeasured

CHECK = "lesions_survive"
#: Fewer make no median: then the worst counts.
FEWEST_PLACES = 3
_ACTION = "look for small lesions in the scan as it came"


@dataclass(frozen=True)
class Lesion:
    """A known lesion.

    Attributes
    ----------
    size_mm
        Diameter.
    contrast
        Above what is around it, before the scanner's blur, in ``unit``.
    unit
        ``HU``, or ``%`` of the signal of what is around it.
    """

    size_mm: float
    contrast: float
    unit: str

    def __str__(self) -> str:
        return f"{self.size_mm:g} mm lesion of {self.contrast:g} {self.unit}"


#: Of one slice: share of the contrast kept at each place, by lesion.
Shares: TypeAlias = Mapping[Lesion, FloatArray]


@dataclass(frozen=True)
class Survival:
    """What a lesion keeps of its contrast in a scan.

    Attributes
    ----------
    lesion
        Which.
    median, p10, p90
        Share kept, 1 for all of it; a tenth of the places keep less than ``p10``, a tenth more than ``p90``. Of
        fewer than :data:`FEWEST_PLACES`, ``p10`` is the worst.
    places
        At how many places it was measured.
    """

    lesion: Lesion
    median: float
    p10: float
    p90: float
    places: int

    def __str__(self) -> str:
        low, high = (round(100 * share) for share in (self.p10, self.p90))
        article = "an" if f"{self.lesion.size_mm:g}".partition(".")[0] in ("8", "11", "18") else "a"
        return f"here {article} {self.lesion} would show {100 * self.median:.0f} % of its contrast, {low} to {high}"

    def to_json(self) -> dict[str, Any]:
        """For ``report.json``."""
        kept = {name: round(getattr(self, name), 4) for name in ("median", "p10", "p90")}
        return {
            "size_mm": self.lesion.size_mm,
            "contrast": self.lesion.contrast,
            "unit": self.lesion.unit,
            "kept": kept,
            "places": self.places,
            "words": str(self),
        }


@dataclass(frozen=True)
class Least:
    """What a task asks for.

    Attributes
    ----------
    lesion
        That must survive.
    kept
        Least median of its share.
    """

    lesion: Lesion
    kept: float


def pooled(found: Iterable[Shares]) -> list[Survival]:
    """Over all slices that were probed, in the order in which lesions first came."""
    shares: dict[Lesion, list[FloatArray]] = {}
    for of_slice in found:
        for lesion, values in of_slice.items():
            shares.setdefault(lesion, []).append(values)
    return [_survival(lesion, np.concatenate(values)) for lesion, values in shares.items()]


def _survival(lesion: Lesion, shares: FloatArray) -> Survival:
    p10, median, p90 = (float(value) for value in np.percentile(shares, (10, 50, 90)))
    if len(shares) < FEWEST_PLACES:
        p10 = float(shares.min())
    return Survival(lesion, median, p10, p90, len(shares))


def weakest(found: Sequence[Survival]) -> Survival | None:
    """The lesion of which least is left; None where none was added."""
    return min(found, key=lambda one: one.median, default=None)


def counted(found: Survival) -> float:
    """The share that counts: the median, or the worst where a small matrix has few places."""
    return found.median if found.places >= FEWEST_PLACES else found.p10


def survives(found: Sequence[Survival], least: Least) -> Check:
    """The check ``lesions_survive``: the median, or the worst where a small matrix has few places.

    What was measured nowhere is no PASS.
    """
    of_lesion = next((one for one in found if one.lesion == least.lesion), None)
    if of_lesion is None:
        why = "there is no place with enough tissue around it for a known lesion"
        return unmeasured(CHECK, why=why, action=_ACTION)
    return measure(CHECK, counted(of_lesion), unit="", lower=least.kept, message=str(of_lesion), action=_ACTION)
