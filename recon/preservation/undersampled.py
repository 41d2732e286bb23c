"""All measures of MR reconstructions from under-sampled k-space, each method and acceleration beside the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from recon.arrays import FloatArray, Mask
from recon.physics.sampling import equispaced
from recon.preservation import brain_fraction, plaques, point_pairs, two_dates
from recon.preservation.bootstrap import interval
from recon.preservation.brain_fraction import Reading, TissueShare
from recon.preservation.limits import bounds, rounded
from recon.preservation.subject import Reconstruction, Subject, picture, shown
from recon.preservation.visit import OTHER_MASK, SCANS, Visit, visit

FULL = "full sampling"
#: By theory, of twice the noise over once; and how far the interval may lie from it.
HALF, _CONTROL_SPREAD = 0.5, 0.06
_CONTROL_PX, _FEWEST_PLACES = 3, 12
_WAYS = dict(zip(two_dates.WAYS, ("later", OTHER_MASK, "later, moved head"), strict=True))


@dataclass
class _Looks:
    """What one method at one acceleration makes of all visits."""

    plaques: list[plaques.SeenPlaque] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    pairs: list[point_pairs.SeenPair] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    changes: dict[str, list[two_dates.SeenChanges]] = field(default_factory=lambda: {way: [] for way in _WAYS})


def measure_all(
    subjects: Sequence[Subject],
    methods: dict[str, Reconstruction],
    *,
    accelerations: Sequence[int],
    calibration: int,
    realisations: int,
    seed: int,
) -> dict[str, Any]:
    """Every measure of every method at every acceleration, regular columns.

    Parameters
    ----------
    subjects
        Slices.
    methods
        By name.
    accelerations
        Columns over those measured outside of the centre.
    calibration
        Columns of the centre that are measured.
    realisations
        Of noise, lesions and the mask's offset, of each slice.
    seed
        Of all of them.

    Returns
    -------
    dict
        ``valid``, ``control``, ``places`` and ``methods``, each with its measures.
    """
    looks = {FULL: _Looks()} | {f"{name}, R {r}": _Looks() for name in methods for r in accelerations}
    noise: list[tuple[float, float]] = []
    for number, subject in enumerate(subjects):
        visits = [
            visit(subject, number, realisation, number * realisations + realisation, seed)
            for realisation in range(realisations)
        ]
        tissue = TissueShare.of(shown(subject.kspace(subject.image)), subject.inside)
        seen = [_Seen(subject, one, tissue) for one in visits]
        for one in seen:
            one.add_to(looks[FULL], one.full, None)
            noise += one.noise(seed)
        for name, reconstruct in methods.items():
            for r in accelerations:
                samples, masks = [], []
                for visited in visits:
                    for scan in SCANS:
                        mask = _mask(visited, r, calibration, scan == OTHER_MASK)
                        samples.append(visited.kspaces[scan] * mask)
                        masks.append(mask)
                images, widths = reconstruct(samples, masks)
                for index, one in enumerate(seen):
                    part = slice(len(SCANS) * index, len(SCANS) * (index + 1))
                    by_scan = dict(zip(SCANS, images[part], strict=True))
                    no_interval = widths is None or np.isnan(widths[part]).any()
                    wide = None if widths is None or no_interval else dict(zip(SCANS, widths[part], strict=True))
                    one.add_to(looks[f"{name}, R {r}"], by_scan, wide)
    value, low, high = _control(noise)
    return {
        "valid": bool(low - _CONTROL_SPREAD < HALF < high + _CONTROL_SPREAD),
        "control": {
            "words": "detectability at full sampling in twice the noise over that in once; 0.5 by theory",
            "value": rounded(value, 3),
            "interval": bounds(low, high),
        },
        "places": len(looks[FULL].plaques),
        "pairs": len(looks[FULL].pairs),
        "methods": {name: _measures(one, looks[FULL]) for name, one in looks.items()},
    }


def _measures(found: _Looks, full: _Looks) -> dict[str, dict[str, Any]]:
    return {
        **plaques.measures(found.plaques, np.array(found.groups, np.int64)),
        **point_pairs.measures(found.pairs, full.pairs),
        **brain_fraction.measures(found.readings),
        **two_dates.measures(found.changes),
    }


def _mask(one: Visit, acceleration: int, calibration: int, other: bool) -> Mask:
    """(ky, kx); the other date's begins half an acceleration later."""
    rows, columns = one.images["plain"].shape
    offset = int(one.offset * acceleration) + (acceleration // 2 if other else 0)
    return np.broadcast_to(equispaced(columns, acceleration, calibration, offset), (rows, columns))


class _Seen:
    """A visit with what full sampling shows of it, with noise and without."""

    def __init__(self, subject: Subject, visited: Visit, tissue: TissueShare) -> None:
        self._subject, self._visit, self._tissue = subject, visited, tissue
        self.full = {scan: shown(kspace) for scan, kspace in visited.kspaces.items()}
        needed = ("plain", "lesions", "shrunken")
        self._truth = {scan: shown(subject.kspace(visited.images[scan])) for scan in needed}
        self._bare = shown(subject.kspace(subject.image))
        self._change = tissue.read(self._truth["shrunken"]) / tissue.read(self._truth["plain"]) - 1

    def add_to(self, looks: _Looks, images: dict[str, FloatArray], widths: dict[str, FloatArray] | None) -> None:
        """What images (y, x) by scan show."""

        def two(of: dict[str, FloatArray]) -> plaques.Pictures:
            return of["lesions"], of["plain"]

        for placed in self._visit.plaques:
            wide = None if widths is None else two(widths)
            looks.plaques.append(plaques.look(placed, two(images), two(self.full), two(self._truth), wide))
            looks.groups.append(self._visit.group)
        looks.pairs += [point_pairs.look(pair, *two(images), self._bare) for pair in self._visit.pairs]
        before, after, at_full = (
            self._tissue.read(image) for image in (images["plain"], images["shrunken"], self.full["plain"])
        )
        looks.readings.append(Reading(self._visit.subject, before, after, at_full, self._change))
        for way, scan in _WAYS.items():
            later = np.roll(images[scan], -two_dates.MOVED_PX, 1) if way == "moved head" else images[scan]
            looks.changes[way].append(two_dates.look(self._subject, images["plain"], later, self._visit.changes))

    def noise(self, seed: int) -> list[tuple[float, float]]:
        """Contrast that noise alone makes at each place for a plaque, in noise as it is and in twice as much."""
        rng = np.random.default_rng((seed, self._visit.group, 3))
        plain = self._visit.images["plain"]
        once, twice = (shown(self._subject.scanned(plain, rng, louder)) - self._truth["plain"] for louder in (1, 2))
        spots = [plaque.place for plaque in self._visit.plaques] + [pair.place for pair in self._visit.pairs]

        def contrast(image: FloatArray, spot: tuple[int, int]) -> float:
            return plaques.contrast_at(picture(image, spot), _CONTROL_PX)

        return [(contrast(once, spot), contrast(twice, spot)) for spot in spots]


def _control(noise: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    """Spread in once the noise over that in twice: a signal is found half as well; NaN with too few places."""
    if len(noise) < _FEWEST_PLACES:
        return (float("nan"),) * 3
    values = np.array(noise)

    def ratio(drawn: FloatArray) -> float:
        once, twice = drawn.std(axis=0)
        return float(once / twice)

    return ratio(values), *interval(values, np.arange(len(values)), ratio)
