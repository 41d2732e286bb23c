"""Two dates subtracted: changes that are none, and true ones that are seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.ndimage import binary_dilation, convolve, label, maximum_filter

from recon.arrays import FloatArray, Mask
from recon.preservation import limits
from recon.preservation.limits import judged, told
from recon.preservation.plaques import PlacedPlaque, Plaque
from recon.preservation.subject import Subject
from recon.probes.lesion import disc

#: True changes between the dates.
CHANGES = (Plaque(3, 40), Plaque(5, 40))
#: How the second date is scanned, and what is said of false changes then.
WAYS = ("same mask", "other mask", "moved head")
MOVED_PX = 5
_BLUR_PX, _ROUND_PX, _SEEN, _FILTER_PX = 0.5, 4, 0.5, 8
_AWAY_PX = 12
_DIM = 0.3  # of the inside's median brightness, below which no contrast is a share of it


@dataclass(frozen=True)
class SeenChanges:
    """What the difference of two dates shows.

    Attributes
    ----------
    false
        Changes a slice where none is.
    found
        For each of :data:`CHANGES` that there was, whether it is seen.
    """

    false: float
    found: tuple[tuple[Plaque, bool], ...]


def look(subject: Subject, before: FloatArray, after: FloatArray, changes: Sequence[PlacedPlaque]) -> SeenChanges:
    """Of two images (y, x), the second brought back to where the first is."""
    level = np.maximum(subject.level, _DIM * np.median(subject.level[subject.inside]))
    difference = (after - before) / level
    away = subject.inside & ~_near(subject.inside.shape, changes)
    smallest = CHANGES[0]
    seen = np.abs(_filtered(difference, smallest.size_px)) > _SEEN * smallest.percent / 100
    count = label(seen & away)[1] * float(subject.inside.sum()) / max(float(away.sum()), 1.0)
    found = []
    for change in changes:
        sign = np.sign(change.signal.sum())
        best = maximum_filter(sign * _filtered(difference, change.plaque.size_px), 3)[change.place]
        found.append((change.plaque, bool(best > _SEEN * change.plaque.percent / 100)))
    return SeenChanges(count, tuple(found))


def _near(shape: tuple[int, ...], changes: Sequence[PlacedPlaque]) -> Mask:
    near = np.zeros(shape, bool)
    for change in changes:
        near[change.place] = True
    return np.asarray(binary_dilation(near, np.ones((3, 3), bool), iterations=_AWAY_PX))


def _filtered(difference: FloatArray, size_px: int) -> FloatArray:
    """Contrast of a plaque's shape at every pixel."""
    shape = disc(size_px, (1.0, 1.0), _BLUR_PX, _FILTER_PX)
    y, x = np.mgrid[-_FILTER_PX : _FILTER_PX + 1, -_FILTER_PX : _FILTER_PX + 1]
    near = np.hypot(y, x) < size_px / 2 + _ROUND_PX
    template = np.where(near, shape - shape[near].mean(), 0)
    return np.asarray(convolve(difference, template / np.square(template).sum()))


def measures(seen: Mapping[str, Sequence[SeenChanges]]) -> dict[str, dict[str, Any]]:
    """False changes a slice and true ones seen, by way. Another mask is no fair comparison: ``recon compare`` tells."""
    rows: dict[str, dict[str, Any]] = {}
    for way, looks in seen.items():
        value = float(np.mean([one.false for one in looks])) if looks else float("nan")
        words = f"changes a slice, half of a {CHANGES[0]} or more, where none is; {way}"
        if way == "other mask":
            rows[f"false changes, {way}"] = told(value, f"{words}: recon compare refuses to call them changes")
        else:
            rows[f"false changes, {way}"] = judged(value, limits.FALSE_CHANGES, words)
    for way, looks in seen.items():
        for change in CHANGES:
            hits = [hit for one in looks for plaque, hit in one.found if plaque == change]
            share = float(np.mean(hits)) if hits else float("nan")
            rows[f"change seen, {change}, {way}"] = told(share, "share of true changes that the difference shows")
    return rows
