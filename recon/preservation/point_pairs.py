"""Are two points still two? Pairs of points beside one blob of the same spread and energy (Rayleigh's task)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import rankdata

from recon.arrays import FloatArray
from recon.preservation import limits
from recon.preservation.limits import judged, told
from recon.preservation.subject import REACH_PX, Subject, picture

SEPARATIONS_PX = (2, 3, 4)
_WIDTH_PX, _HEIGHT = 0.8, 0.6  # standard deviation of a point, and its share of the brightness around
_TEMPLATE_PX = 8
_FOUND = 0.9


@dataclass(frozen=True)
class PlacedPair:
    """Where a pair lies, how far apart its points are, and along which axis."""

    place: tuple[int, int]
    separation_px: int
    axis: int
    level: float

    @classmethod
    def of(cls, subject: Subject, place: tuple[int, int], separation_px: int, axis: int) -> PlacedPair:
        """In tissue of a subject."""
        return cls(place, separation_px, axis, float(subject.level[place]))

    def signal(self, two: bool) -> FloatArray:
        """(side, side) in the image's unit: two points, or one blob as wide and as bright in all."""
        return np.float32(self.level) * pattern(self.separation_px, self.axis, two)


def pattern(separation_px: int, axis: int, two: bool) -> FloatArray:
    """Two points, or one blob of the same integral and variance, over the level."""
    along, across = np.meshgrid(*[np.arange(-REACH_PX, REACH_PX + 1)] * 2, indexing="ij")
    half, square = separation_px / 2, _WIDTH_PX**2
    if two:
        line = sum(np.exp(-((along - at) ** 2) / (2 * square)) for at in (-half, half))
    else:
        wide = square + half**2
        line = 2 * np.sqrt(square / wide) * np.exp(-(along**2) / (2 * wide))
    found = _HEIGHT * line * np.exp(-(across**2) / (2 * square))
    return np.asarray(found if axis == 0 else found.T, np.float32)


@dataclass(frozen=True)
class SeenPair:
    """How much the picture of two points, and that of one blob, look like two."""

    separation_px: int
    two: float
    one: float


def look(placed: PlacedPair, two: FloatArray, one: FloatArray, truth: FloatArray) -> SeenPair:
    """Of whole images (y, x) with pairs, with blobs, and without either and without noise."""
    template = pattern(placed.separation_px, placed.axis, True) - pattern(placed.separation_px, placed.axis, False)
    middle = slice(REACH_PX - _TEMPLATE_PX, REACH_PX + _TEMPLATE_PX + 1)
    template = template[middle, middle] - template[middle, middle].mean()

    def score(image: FloatArray) -> float:
        seen = (picture(image, placed.place) - picture(truth, placed.place))[middle, middle] / placed.level
        return float((seen * template).sum() / np.square(template).sum())

    return SeenPair(placed.separation_px, score(two), score(one))


def measures(seen: Sequence[SeenPair], full: Sequence[SeenPair]) -> dict[str, dict[str, Any]]:
    """By separation: share of pictures told apart rightly. What full sampling cannot tell is not asked for."""
    rows = {}
    for separation in SEPARATIONS_PX:
        value, at_full = (_auc([one for one in looks if one.separation_px == separation]) for looks in (seen, full))
        words = f"two points {separation} px apart told from one blob, AUC; at full sampling {at_full:.2f}"
        asked = at_full >= _FOUND
        rows[f"resolved, {separation} px"] = judged(value, limits.RESOLVED, words) if asked else told(value, words)
    return rows


def _auc(seen: Sequence[SeenPair]) -> float:
    if not seen:
        return float("nan")
    two, one = [pair.two for pair in seen], [pair.one for pair in seen]
    ranks = rankdata(np.concatenate([two, one]))
    return float((ranks[: len(two)].sum() - len(two) * (len(two) + 1) / 2) / (len(two) * len(one)))
