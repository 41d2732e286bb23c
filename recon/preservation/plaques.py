"""Plaques: small discs brighter or darker than the tissue around, kept, lost, or seen where none is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recon.arrays import FloatArray, IntegerArray
from recon.preservation import limits
from recon.preservation.bootstrap import interval
from recon.preservation.limits import Limit, covered, judged, told
from recon.preservation.subject import REACH_PX, Subject, picture
from recon.probes.lesion import disc

_BLUR_PX, _ROUND_PX = 0.5, 4
#: Share of its contrast below which a plaque is lost, and above which noise or folding is taken for one.
_SEEN = 0.5


@dataclass(frozen=True)
class Plaque:
    """A disc of so many pixels across and so many percent of the brightness around."""

    size_px: int
    percent: int

    def __str__(self) -> str:
        return f"{self.size_px} px plaque of {self.percent} %"


PLAQUES = tuple(Plaque(size, percent) for size in (2, 3, 4, 6) for percent in (10, 20, 40))
_SIZES = (2, 3, 4, 6)
_ASKED = Plaque(3, 40)
_SHOWN = tuple(plaque for plaque in PLAQUES if plaque.size_px == _ASKED.size_px)
_COVERED = tuple(plaque for plaque in PLAQUES if plaque.size_px != 4 and plaque.percent >= 20)


@dataclass(frozen=True)
class PlacedPlaque:
    """A plaque of a subject: where, and its signal (side, side) in the image's unit, below zero where darker."""

    place: tuple[int, int]
    plaque: Plaque
    level: float
    signal: FloatArray

    @classmethod
    def of(cls, subject: Subject, place: tuple[int, int], plaque: Plaque, sign: int) -> PlacedPlaque:
        """In tissue of a subject."""
        level = float(subject.level[place])
        shape = disc(plaque.size_px, (1.0, 1.0), _BLUR_PX, REACH_PX)
        return cls(place, plaque, level, np.float32(sign * plaque.percent / 100 * level) * shape)


@dataclass(frozen=True)
class SeenPlaque:
    """What a method makes of one.

    Attributes
    ----------
    kept
        Share of its contrast in the difference of two images in the same noise.
    contrast, at_full
        Over what is around it and over the contrast put in, in the method's image and at full sampling.
    errors
        For each size, how the contrast at this place, with no plaque, differs from full sampling, over the level.
    inside, without
        Share of its inner pixels that the interval covers with it and without; NaN where there is none.
    half_width
        Over the level.
    """

    plaque: Plaque
    kept: float
    contrast: float
    at_full: float
    errors: tuple[float, ...]
    inside: float
    without: float
    half_width: float


Pictures = tuple[FloatArray, FloatArray]


def look(
    placed: PlacedPlaque, images: Pictures, full: Pictures, truth: Pictures, widths: Pictures | None
) -> SeenPlaque:
    """Of whole images (y, x) with plaques and without: a method's, full sampling's, without noise; half-widths."""
    with_, without = (picture(image, placed.place) for image in images)
    full_with, full_without = (picture(image, placed.place) for image in full)
    signal, size = placed.signal, placed.plaque.size_px
    contrast = placed.plaque.percent / 100 * placed.level * np.sign(signal.sum())
    inside = same = half_width = float("nan")
    if widths is not None:
        wide, plain = (picture(width, placed.place) for width in widths)
        true_with, true_without = (picture(image, placed.place) for image in truth)
        core = np.abs(signal) > 0.5 * np.abs(signal).max()
        inside = float((np.abs(with_ - true_with) <= wide)[core].mean())
        same = float((np.abs(without - true_without) <= plain)[core].mean())
        half_width = float(wide[core].mean()) / placed.level
    return SeenPlaque(
        placed.plaque,
        float(((with_ - without) * signal).sum() / np.square(signal).sum()),
        contrast_at(with_, size) / contrast,
        contrast_at(full_with, size) / contrast,
        tuple((contrast_at(without, s) - contrast_at(full_without, s)) / placed.level for s in _SIZES),
        inside,
        same,
        half_width,
    )


def contrast_at(image: FloatArray, size_px: int) -> float:
    """Contrast of the middle of a picture above what is around it: a filter of a plaque's shape."""
    shape = disc(size_px, (1.0, 1.0), _BLUR_PX, REACH_PX)
    y, x = np.mgrid[-REACH_PX : REACH_PX + 1, -REACH_PX : REACH_PX + 1]
    near = np.hypot(y, x) < size_px / 2 + _ROUND_PX
    template = np.where(near, shape - shape[near].mean(), 0)
    return float((image * template).sum() / np.square(template).sum())


def measures(seen: Sequence[SeenPlaque], groups: IntegerArray) -> dict[str, dict[str, Any]]:
    """Kept, lost, false and covered, by plaque."""
    rows: dict[str, dict[str, Any]] = {}

    def add(name: str, plaque: Plaque, limit: Limit, value: float, words: str, **more: Any) -> None:
        asked = plaque == _ASKED
        rows[f"{name}, {plaque}"] = judged(value, limit, words, **more) if asked else told(value, words, **more)

    for plaque in PLAQUES:
        here = np.array([one.plaque == plaque for one in seen], bool)
        kept = np.array([one.kept for one in seen])[here]
        if not len(kept):
            continue
        p10, median, p90 = (float(value) for value in np.percentile(kept, (10, 50, 90)))
        low, high = interval(kept, groups[here])
        spread = {"p10": round(p10, 3), "p90": round(p90, 3), "interval": [round(low, 3), round(high, 3)]}
        add("kept", plaque, limits.KEPT, median, f"contrast kept of a {plaque}, median", **spread, places=len(kept))
    for plaque in _SHOWN:
        visible = [one for one in seen if one.plaque == plaque and one.at_full > _SEEN]
        lost = float(np.mean([one.contrast < _SEEN for one in visible])) if visible else float("nan")
        words = "share that shows less than half of its contrast, of those that show more at full sampling"
        add("lost", plaque, limits.LOST, lost, words, places=len(visible))
    for plaque in _SHOWN:
        errors = np.array([one.errors[_SIZES.index(plaque.size_px)] for one in seen])
        false = float((np.abs(errors) > _SEEN * plaque.percent / 100).mean()) if len(errors) else float("nan")
        words = "share of places that show half of its contrast more, or less, than at full sampling, with no plaque"
        add("false", plaque, limits.FALSE, false, words, places=len(errors))
    for plaque in _COVERED:
        found = [one for one in seen if one.plaque == plaque and not np.isnan(one.inside)]
        if not found:
            continue
        inside, same, half_width = (
            float(np.mean([getattr(one, name) for one in found])) for name in ("inside", "without", "half_width")
        )
        says = half_width < plaque.percent / 100
        rows[f"interval, {plaque}"] = covered(inside, same, says, str(plaque), round(half_width, 4))
    return rows
